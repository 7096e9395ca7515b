"""What each train item adds to a score, against the scores without it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from graph_filters import community_graph, train_of
from numpy.typing import NDArray

from graphrec_cli.config.closed_form import ChebyCFConfig, EASEConfig, GFCFConfig, ItemKNNConfig
from graphrec_cli.config.model import Head, LightGCNConfig, LightGCNRatingConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.chebycf import ChebyCF
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.ease import EASE
from graphrec_cli.models.gfcf import GFCF
from graphrec_cli.models.itemknn import ItemKNN
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.models.lightgcn_rating import build_lightgcn_rating
from graphrec_cli.models.linear_scores import PropagatedScore, split_closed_form
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings

HAS = community_graph()[:60, :50]
USER, ITEM = int(HAS.sum(axis=1).argmax()), 11
assert not HAS[USER, ITEM]


def rated(has: NDArray[np.bool_]) -> UserItems:
    users, items = np.nonzero(has)
    rating = (1 + (users + items) % 5).astype(np.float32)
    return UserItems.from_pairs(
        users, items, num_users=len(has), num_items=has.shape[1], rating=rating
    )


def propagated(kind: str, has: NDArray[np.bool_]) -> PropagatedEmbeddings:
    """A model with random weights, the same for every graph."""
    generator = torch.Generator().manual_seed(3)
    model: PropagatedEmbeddings
    if kind in ("linear", "dot"):
        rating = LightGCNRatingConfig(num_layers=3, embedding_dim=8, head=Head[kind])
        model = build_lightgcn_rating(rating, rated(has), generator=generator, device=CPU)
    else:
        config = LightGCNConfig(num_layers=2, embedding_dim=8, item_norm_power=float(kind))
        model = LightGCN(config, train_of(has), generator=generator, device=CPU)
    with torch.no_grad():
        for weights in model.parameters():
            weights.normal_(generator=generator)
    model.prepare_scoring()
    return model


def score_of(model: PropagatedEmbeddings | ClosedForm, user: int, item: int) -> float:
    return float(model.score_users(torch.tensor([user]))[0, item])


@pytest.mark.parametrize("kind", ["1", "0.5", "0", "linear", "dot"])
@pytest.mark.parametrize("item", [ITEM, int(np.flatnonzero(HAS[USER])[0])])
def test_a_propagated_score_is_its_terms(kind: str, item: int) -> None:
    model = propagated(kind, HAS)
    score = PropagatedScore(model, USER, item)
    fixed, train_item, of_item = score.split()
    assert train_item.tolist() == np.flatnonzero(HAS[USER]).tolist()
    whole = score_of(model, USER, item)
    assert sum(fixed.values()) + float(of_item.sum()) == pytest.approx(whole, abs=1e-5)
    for place, other in enumerate(train_item[:4].tolist()):
        own, users, of_user = score.path(other)
        assert users.tolist() == np.flatnonzero(HAS[:, other]).tolist()
        assert float(own + of_user.sum()) == pytest.approx(float(of_item[place]), abs=1e-9)


@pytest.mark.parametrize("kind", ["1", "0.5", "linear", "dot"])
def test_without_an_edge_the_score_is_that_of_the_other_graph(kind: str) -> None:
    model = propagated(kind, HAS)
    removed = torch.from_numpy(np.flatnonzero(HAS[USER])[:5])
    got = PropagatedScore(model, USER, ITEM).without(removed)
    for place, item in enumerate(removed.tolist()):
        has = HAS.copy()
        has[USER, item] = False
        other = propagated(kind, has)
        # Biases and the mean are trained or counted on the whole train part.
        other.load_state_dict(model.state_dict())
        other.prepare_scoring()
        assert float(got[place]) == pytest.approx(score_of(other, USER, ITEM), abs=1e-5)


def closed_form(name: str) -> ClosedForm:
    train, generator = train_of(HAS), torch.Generator().manual_seed(0)
    model: ClosedForm
    if name == "itemknn":
        model = ItemKNN(ItemKNNConfig(neighbors=20), train, generator=generator, device=CPU)
    elif name == "ease":
        model = EASE(EASEConfig(l2=5), train, generator=generator, device=CPU)
    elif name == "gfcf":
        model = GFCF(GFCFConfig(singular_vectors=8), train, generator=generator, device=CPU)
    else:
        model = ChebyCF(ChebyCFConfig(singular_vectors=8), train, generator=generator, device=CPU)
    model.solve()
    model.prepare_scoring()
    return model


@pytest.mark.parametrize("name", ["itemknn", "ease", "gfcf", "chebycf"])
def test_a_closed_form_is_a_sum_over_train_items(name: str) -> None:
    model = closed_form(name)
    fixed, train_item, of_item = split_closed_form(model, USER, ITEM)
    whole = score_of(model, USER, ITEM)
    assert fixed == {}
    assert float(of_item.sum()) == pytest.approx(whole, abs=1e-5)
    assert (of_item.abs() > 0).sum() > 2
    for item, value in zip(train_item.tolist(), of_item.tolist(), strict=True):
        others = train_item[train_item != item]
        lacking = float(model.score_new_user(others)[ITEM])
        assert value == pytest.approx(whole - lacking, abs=1e-5)
