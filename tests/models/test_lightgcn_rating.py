from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU

from graphrec_cli.config.model import Head, LightGCNRatingConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.lightgcn_rating import DotRating, LinearRating, build_lightgcn_rating


def rated_train() -> UserItems:
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((20, 15)) < 0.3)
    rating = rng.integers(1, 6, len(users)).astype(np.float32)
    return UserItems.from_pairs(users, items, num_users=20, num_items=15, rating=rating)


def build(head: Head, seed: int = 0) -> LinearRating | DotRating:
    config = LightGCNRatingConfig(embedding_dim=6, num_layers=2, head=head)
    generator = torch.Generator().manual_seed(seed)
    return build_lightgcn_rating(config, rated_train(), generator=generator, device=CPU)


USERS, ITEMS = torch.tensor([0, 19, 7, 7]), torch.tensor([14, 0, 3, 4])


def test_linear_is_one_linear_layer_on_both_embeddings() -> None:
    model = build(Head.linear)
    assert isinstance(model, LinearRating)
    layer = torch.nn.Linear(12, 1)
    with torch.no_grad():
        layer.weight.copy_(model.weight.reshape(1, 12))
        layer.bias.copy_(model.bias)
    final = model.final_embeddings()
    expected = layer(torch.cat([final[USERS], final[20 + ITEMS]], dim=1)).squeeze(1)
    torch.testing.assert_close(model.predict_ratings(USERS, ITEMS), expected)
    bound = 1 / np.sqrt(12)
    assert model.weight.abs().max() <= bound
    assert model.weight.std() > bound / 4


def test_dot_is_inner_product_biases_and_the_mean_rating() -> None:
    model = build(Head.dot)
    assert isinstance(model, DotRating)
    with torch.no_grad():
        model.user_bias.normal_()
        model.item_bias.normal_()
    rating = rated_train().rating
    assert rating is not None
    final = model.final_embeddings()
    expected = (
        (final[USERS] * final[20 + ITEMS]).sum(dim=1)
        + model.user_bias[USERS]
        + model.item_bias[ITEMS]
        + float(rating.mean())
    )
    torch.testing.assert_close(model.predict_ratings(USERS, ITEMS), expected)


@pytest.mark.parametrize("head", list(Head))
def test_scores_of_the_catalog_are_the_predictions(head: Head) -> None:
    model = build(head)
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(std=0.3)
    model.prepare_scoring()
    scores = model.score_users(USERS)
    assert scores.shape == (4, 15)
    torch.testing.assert_close(
        scores[torch.arange(4), ITEMS], model.predict_ratings(USERS, ITEMS).detach()
    )


@pytest.mark.parametrize("head", list(Head))
def test_gradients_reach_every_parameter(head: Head) -> None:
    model = build(head)
    model.predict_ratings(USERS, ITEMS).square().sum().backward()
    for name, weights in model.named_parameters():
        assert weights.grad is not None, name
        assert weights.grad.abs().sum() > 0, name


@pytest.mark.parametrize("head", list(Head))
def test_the_generator_decides_all_that_is_drawn(head: Head) -> None:
    first, again, other = (build(head, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_a_new_user_is_folded_in_by_the_items_and_has_no_bias_of_its_own() -> None:
    given = torch.tensor([3, 8])
    for head in Head:
        model = build(head)
        model.prepare_scoring()
        items = model.final_embeddings().detach()[20:]
        user = model.fold_in(given)
        if isinstance(model, LinearRating):
            expected = user @ model.weight[0] + items @ model.weight[1] + model.bias
        else:
            with torch.no_grad():
                model.item_bias.normal_()
            expected = items @ user + model.item_bias + model.mean_rating
        torch.testing.assert_close(model.score_new_user(given), expected.detach())
