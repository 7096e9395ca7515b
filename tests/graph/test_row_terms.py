"""The terms of a row of the layer mean, against every layer of a dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from graph_filters import HAS_ITEM, normalized, train_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.graph.row_terms import RowTerms

LAYERS = st.integers(1, 4)
SEEDS = st.integers(0, 1000)


def exact_adjacency(has: NDArray[np.bool_]) -> NormalizedAdjacency:
    """The adjacency in float64, not rounded to float32 before."""
    rounded = normalized_adjacency(train_of(has), CPU).to(torch.float64)
    dense = torch.from_numpy(normalized(has))
    for block, whole in zip(rounded, (dense, dense.T), strict=True):
        block.values().copy_(whole[tuple(block.to_sparse_coo().indices())])
    return rounded


def draws(has: NDArray[np.bool_], seed: int) -> tuple[int, int, Tensor, Tensor]:
    """A user with items, one of the items, layer-0 embeddings and a vector to compare with."""
    assume(has.any())
    generator = np.random.default_rng(seed)
    user, item = generator.choice(np.argwhere(has))
    x = torch.from_numpy(generator.normal(size=(sum(has.shape), 3)))
    return int(user), int(item), x, torch.from_numpy(generator.normal(size=3))


def layers_of(has: NDArray[np.bool_], x: Tensor, num_layers: int) -> list[Tensor]:
    """x, A x, ... by dense matrices in float64, users first."""
    block = torch.from_numpy(normalized(has))
    users, items = x[: len(has)], x[len(has) :]
    layers = [x]
    for _ in range(num_layers):
        users, items = block @ items, block.T @ users
        layers.append(torch.cat([users, items]))
    return layers


@settings(max_examples=25)
@given(HAS_ITEM, LAYERS, SEEDS)
def test_without_a_pair_in_the_users_row_the_score_lacks_its_term(
    has: NDArray[np.bool_], num_layers: int, seed: int
) -> None:
    user, item, x, query = draws(has, seed)
    layers = layers_of(has, x, num_layers)
    # The user's row of every layer, with the weight of the pair set to 0 and all else as it is.
    row = torch.from_numpy(normalized(has))[user]
    lacking = row.clone()
    lacking[item] = 0

    def score(weights: Tensor) -> float:
        own = [x[user], *(weights @ layer[len(has) :] for layer in layers[:-1])]
        return float(torch.stack(own).mean(0) @ query)

    own, items, of_items = RowTerms(exact_adjacency(has), x @ query, num_layers).of_user(user)
    assert items.tolist() == np.flatnonzero(has[user]).tolist()
    assert float(own + of_items.sum()) == pytest.approx(score(row), abs=1e-12)
    removed = score(row) - score(lacking)
    assert float(of_items[items == item].squeeze()) == pytest.approx(removed, abs=1e-12)


@settings(max_examples=25)
@given(HAS_ITEM, LAYERS, SEEDS)
def test_paths_sum_to_the_term_and_are_what_a_user_adds_to_the_item(
    has: NDArray[np.bool_], num_layers: int, seed: int
) -> None:
    user, item, x, query = draws(has, seed)
    terms = RowTerms(exact_adjacency(has), x @ query, num_layers)
    _, items, of_items = terms.of_user(user)
    own, users, of_users = terms.of_path(user, item)
    whole = float(of_items[items == item].squeeze())
    assert float(own + of_users.sum()) == pytest.approx(whole, abs=1e-12)

    block = torch.from_numpy(normalized(has))
    weight = float(block[user, item]) / (num_layers + 1)
    assert float(own) == pytest.approx(weight * float(x[len(has) + item] @ query), abs=1e-12)
    layers = layers_of(has, x, num_layers)[: num_layers - 1]
    by_user = dict(zip(users.tolist(), of_users.tolist(), strict=True))
    assert set(by_user) == (set(np.flatnonzero(has[:, item]).tolist()) if layers else set())
    for other, value in by_user.items():
        sent = sum(float(block[other, item]) * layer[other] for layer in layers)
        assert value == pytest.approx(weight * float(torch.as_tensor(sent) @ query), abs=1e-12)


@settings(max_examples=25)
@given(HAS_ITEM, LAYERS, SEEDS)
def test_in_float32_the_terms_sum_to_the_score_of_the_model(
    has: NDArray[np.bool_], num_layers: int, seed: int
) -> None:
    user, item, x, query = draws(has, seed)
    norm_adj = normalized_adjacency(train_of(has), CPU)
    terms = RowTerms(norm_adj, (x @ query).float(), num_layers)
    own, items, of_items = terms.of_user(user)
    final = propagate(norm_adj, x.float(), num_layers)[user] @ query.float()
    assert own.dtype == of_items.dtype == torch.float32
    assert float(own + of_items.sum()) == pytest.approx(float(final), abs=1e-5)
    item_own, _, of_users = terms.of_path(user, item)
    whole = float(of_items[items == item].squeeze())
    assert float(item_own + of_users.sum()) == pytest.approx(whole, abs=1e-5)
