from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from builders import CPU
from torch.nn import functional

from graphrec_cli.config.model import Init, LightGCNConfig, MatrixFactorizationConfig, Similarity
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.lightgcn import LightGCN


def random_train(num_users: int = 40, num_items: int = 30) -> UserItems:
    users, items = np.nonzero(np.random.default_rng(0).random((num_users, num_items)) < 0.2)
    return UserItems.from_pairs(users, items, num_users=num_users, num_items=num_items)


def lightgcn(config: LightGCNConfig, seed: int = 0, train: UserItems | None = None) -> LightGCN:
    generator = torch.Generator().manual_seed(seed)
    return LightGCN(config, train or random_train(), generator=generator, device=CPU)


def test_scores_are_dot_products_of_the_final_embeddings() -> None:
    train = random_train()
    model = lightgcn(LightGCNConfig(num_layers=2, embedding_dim=8), train=train)
    dense = torch.zeros(70, 70, dtype=torch.float64)
    users, items = train.user_index().astype(np.int64), train.item_index.astype(np.int64)
    dense[users, 40 + items] = 1
    dense = dense + dense.T
    scale = dense.sum(1).clamp(min=1) ** -0.5
    dense = scale[:, None] * dense * scale
    x = model.layer0_embeddings.detach().double()
    final = (x + dense @ x + dense @ dense @ x) / 3
    expected = final[:40] @ final[40:].T

    model.prepare_scoring()
    wanted = torch.tensor([7, 0, 39, 7])
    scores = model.score_users(wanted)
    torch.testing.assert_close(scores.double(), expected[wanted], rtol=1e-4, atol=1e-6)
    assert not scores.requires_grad

    neg_items = torch.tensor([3, 3, 29, 0])
    triples = model.score_triples(wanted, neg_items.flip(0), neg_items)
    for got, item in ((triples.pos_scores, neg_items.flip(0)), (triples.neg_scores, neg_items)):
        torch.testing.assert_close(got.double(), expected[wanted, item], rtol=1e-4, atol=1e-6)


def test_all_ways_to_the_final_embeddings_of_lightgcn_plus_plus_agree() -> None:
    config = LightGCNConfig(
        num_layers=2,
        embedding_dim=8,
        own_degree_power=0.6,
        neighbor_degree_power=-0.1,
        normalize_layers=True,
        layer0_weight=0.2,
    )
    model = lightgcn(config)
    final = model.final_embeddings().detach()
    assert not torch.allclose(final, lightgcn(LightGCNConfig(embedding_dim=8)).final_embeddings())
    users, items = torch.tensor([7, 0, 39, 7]), torch.tensor([3, 29, 0, 3])
    embedded = model.embed(users, items)
    assert torch.equal(embedded[0], final[users])
    assert torch.equal(embedded[1], final[40 + items])
    triples = model.score_triples(users, items, items.flip(0))
    torch.testing.assert_close(triples.pos_scores, (final[users] * final[40 + items]).sum(1))
    model.prepare_scoring()
    torch.testing.assert_close(model.score_users(users), final[users] @ final[40:].T)


def test_a_folded_in_user_of_lightgcn_plus_plus_receives_as_in_a_layer() -> None:
    train = random_train()
    model = lightgcn(
        LightGCNConfig(
            num_layers=1,
            embedding_dim=8,
            own_degree_power=0.7,
            neighbor_degree_power=0.2,
            normalize_layers=True,
        ),
        train=train,
    )
    given = torch.tensor([4, 0, 11])
    items = model.final_embeddings()[40:].detach()
    total = torch.zeros(8)
    for item in given.tolist():
        total += items[item] / items[item].norm() / float(train.item_degree[item]) ** 0.2
    torch.testing.assert_close(model.fold_in(given), total / 3**0.7)
    model.prepare_scoring()
    torch.testing.assert_close(model.score_new_user(given), items @ total / 3**0.7)


def test_the_loss_is_given_the_layer_0_rows_of_user_positive_and_negative() -> None:
    model = lightgcn(LightGCNConfig(embedding_dim=4))
    rows = model.score_triples(
        torch.tensor([1, 39]), torch.tensor([2, 0]), torch.tensor([29, 5])
    ).layer0_embeddings
    table = model.layer0_embeddings
    for got, nodes in zip(rows, ([1, 39], [42, 40], [69, 45]), strict=True):
        assert torch.equal(got, table[nodes])


def test_gradients_reach_both_tables_through_the_graph() -> None:
    model = lightgcn(LightGCNConfig(num_layers=3, embedding_dim=4))
    scores = model.score_triples(torch.tensor([0]), torch.tensor([0]), torch.tensor([1]))
    functional.softplus(scores.neg_scores - scores.pos_scores).sum().backward()
    grad = model.layer0_embeddings.grad
    assert grad is not None
    assert bool(grad[1:40].any())
    assert bool(grad[42:].any())


def test_penalties_see_the_lengths_that_cosines_leave_out() -> None:
    model = lightgcn(LightGCNConfig(embedding_dim=4, similarity=Similarity.cosine))
    scores = model.score_triples(torch.tensor([3]), torch.tensor([5]), torch.tensor([8]))
    final = model.final_embeddings()
    for rows, node in zip(scores.final_embeddings, (3, 45, 48), strict=True):
        torch.testing.assert_close(rows[0], final[node])
    cosine = functional.cosine_similarity(final[3], final[45], dim=0)
    torch.testing.assert_close(scores.pos_scores[0], cosine)


def test_scoring_follows_the_weights_once_it_is_prepared_again() -> None:
    model = lightgcn(LightGCNConfig(embedding_dim=4))
    model.prepare_scoring()
    before = model.score_users(torch.arange(40))
    with torch.no_grad():
        model.layer0_embeddings.mul_(2)
    model.prepare_scoring()
    torch.testing.assert_close(model.score_users(torch.arange(40)), 4 * before)


@pytest.mark.parametrize("power", [0.0, 0.7, 1.0, 2.5])
def test_ranking_takes_the_norms_of_items_to_a_power(power: float) -> None:
    config = LightGCNConfig(num_layers=1, embedding_dim=8, item_norm_power=power)
    model = lightgcn(config)
    model.prepare_scoring()
    final = model.final_embeddings().detach().double()
    users, items = final[:40], final[40:]
    cosines = functional.normalize(users) @ functional.normalize(items).T
    expected = users.norm(dim=1)[:, None] * cosines * items.norm(dim=1) ** power
    scores = model.score_users(torch.arange(40))
    torch.testing.assert_close(scores.double(), expected, rtol=1e-4, atol=1e-6)

    new_user = model.fold_in(torch.tensor([3, 8])).double()
    angles = functional.normalize(new_user, dim=0) @ functional.normalize(items).T
    expected_new = new_user.norm() * angles * items.norm(dim=1) ** power
    got = model.score_new_user(torch.tensor([3, 8])).double()
    torch.testing.assert_close(got, expected_new, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("power", [0.0, 0.5, 2.0])
def test_an_item_without_a_direction_keeps_its_score_of_0(power: float) -> None:
    model = lightgcn(LightGCNConfig(num_layers=0, embedding_dim=4, item_norm_power=power))
    with torch.no_grad():
        model.layer0_embeddings[45] = 0
    model.prepare_scoring()
    scores = model.score_users(torch.arange(40))
    assert bool(scores.isfinite().all())
    assert not scores[:, 5].any()


def test_scoring_keeps_float32_where_training_propagates_in_bfloat16() -> None:
    model, rounded = (lightgcn(LightGCNConfig(embedding_dim=8)) for _ in range(2))
    rounded.train_in(torch.bfloat16)
    assert not torch.equal(model.final_embeddings(), rounded.final_embeddings())
    given = torch.tensor([3, 7])
    assert torch.equal(model.fold_in(given), rounded.fold_in(given))
    for each in (model, rounded):
        each.prepare_scoring()
    users = torch.arange(model.num_users)
    assert torch.equal(model.score_users(users), rounded.score_users(users))


def test_a_new_user_gets_what_one_propagation_step_gives_a_user_with_its_items() -> None:
    train = random_train()
    for num_layers in (1, 2, 3):
        model, shallower = (
            lightgcn(LightGCNConfig(num_layers=layers, embedding_dim=8), train=train)
            for layers in (num_layers, num_layers - 1)
        )
        for each in (model, shallower):
            each.prepare_scoring()
        layer0 = model.layer0_embeddings.detach()
        assert torch.equal(layer0, shallower.layer0_embeddings)
        final = model.final_embeddings().detach()
        for user in (0, 7, 39):
            items = train.item_index[train.indptr[user] : train.indptr[user + 1]]
            step = shallower.fold_in(torch.from_numpy(items.astype(np.int64)))
            # x + A(x + A(x + ...)): the sum of the layers is layer 0 plus a step of the sum before.
            expected = (layer0[user] + num_layers * step) / (num_layers + 1)
            torch.testing.assert_close(final[user], expected, rtol=1e-4, atol=1e-6)


def test_a_new_user_is_scored_by_dot_products() -> None:
    train = random_train()
    mf = LightGCN(
        MatrixFactorizationConfig(embedding_dim=8),
        train,
        generator=torch.Generator().manual_seed(3),
        device=CPU,
    )
    for model in (mf, lightgcn(LightGCNConfig(num_layers=2, embedding_dim=8), train=train)):
        model.prepare_scoring()
        items = model.final_embeddings().detach()[40:].double()
        given, degree = [4, 21], torch.from_numpy(train.item_degree).double()
        user = items[4] / (2 * degree[4]).sqrt() + items[21] / (2 * degree[21]).sqrt()
        scores = model.score_new_user(torch.tensor(given))
        torch.testing.assert_close(scores.double(), items @ user, rtol=1e-4, atol=1e-6)
        assert not scores.requires_grad
        # The order of the items does not matter.
        torch.testing.assert_close(model.score_new_user(torch.tensor(given[::-1])), scores)


def test_mf_is_lightgcn_without_layers_bit_for_bit() -> None:
    train = random_train()
    generator = torch.Generator().manual_seed(3)
    mf = LightGCN(
        MatrixFactorizationConfig(embedding_dim=8), train, generator=generator, device=CPU
    )
    flat = lightgcn(LightGCNConfig(embedding_dim=8, num_layers=0), seed=3, train=train)
    optimizers = [torch.optim.Adam(model.parameters(), lr=0.05) for model in (mf, flat)]
    draws = torch.Generator().manual_seed(1)
    for _ in range(5):
        users = torch.randint(40, (64,), generator=draws)
        items = torch.randint(30, (2, 64), generator=draws)
        for model, optimizer in zip((mf, flat), optimizers, strict=True):
            optimizer.zero_grad()
            scores = model.score_triples(users, items[0], items[1])
            functional.softplus(scores.neg_scores - scores.pos_scores).mean().backward()
            optimizer.step()
    assert torch.equal(mf.layer0_embeddings, flat.layer0_embeddings)
    for model in (mf, flat):
        model.prepare_scoring()
    everyone = torch.arange(40)
    assert torch.equal(mf.score_users(everyone), flat.score_users(everyone))
    assert torch.equal(mf.final_embeddings(), mf.layer0_embeddings)


def test_xavier_is_uniform_within_the_bound_of_the_joint_table() -> None:
    train = random_train(400, 600)
    table = lightgcn(LightGCNConfig(embedding_dim=32), train=train).layer0_embeddings.detach()
    bound = math.sqrt(6 / (400 + 600 + 32))
    assert table.shape == (1000, 32)
    for part in (table[:400], table[400:]):
        assert 0.995 * bound < part.abs().max() <= bound
        assert part.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
        assert abs(part.mean().item()) < 0.02 * bound


def test_normal_has_the_configured_deviation() -> None:
    config = LightGCNConfig(embedding_dim=32, init=Init.normal, init_std=0.3)
    table = lightgcn(config, train=random_train(400, 600)).layer0_embeddings.detach()
    assert table.std().item() == pytest.approx(0.3, rel=0.02)
    assert abs(table.mean().item()) < 0.01
    # A normal distribution has 4.55 % beyond two standard deviations, a uniform one none.
    assert (table.abs() > 0.6).float().mean().item() == pytest.approx(0.0455, abs=0.005)


@pytest.mark.parametrize("init", list(Init))
def test_the_generator_alone_decides_the_weights(init: Init) -> None:
    config = LightGCNConfig(embedding_dim=8, init=init)
    table, again, other = (lightgcn(config, seed).layer0_embeddings for seed in (1, 1, 2))
    assert torch.equal(table, again)
    assert not torch.isclose(table, other).all(1).any()


def test_the_state_is_the_layer_0_table_alone() -> None:
    model = lightgcn(LightGCNConfig(num_layers=2))
    assert list(model.state_dict()) == ["layer0_embeddings"]
    other = lightgcn(LightGCNConfig(num_layers=2), seed=9)
    other.load_state_dict(model.state_dict())
    for each in (model, other):
        each.prepare_scoring()
    assert torch.equal(model.score_users(torch.arange(40)), other.score_users(torch.arange(40)))


def test_xavier_per_table_scales_by_each_table() -> None:
    # Glorot and Bengio, 2010: uniform within sqrt(6 / (rows + columns)) of zero.
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=600, num_items=40)
    config = LightGCNConfig(embedding_dim=8, num_layers=0, init=Init.xavier_per_table)
    table = lightgcn(config, train=train).layer0_embeddings.detach()
    for rows in (table[:600], table[600:]):
        bound = math.sqrt(6 / (len(rows) + 8))
        assert 0.95 * bound < rows.abs().max() <= bound
