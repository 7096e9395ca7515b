"""Embeddings without an edge, against graphs that are built again without it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from graph_filters import HAS_ITEM, train_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.graph import removed_edges
from graphrec_cli.graph.adjacency import normalized_adjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.graph.removed_edges import GraphsWithoutEdge

DTYPES = st.sampled_from([torch.float32, torch.float64])


@pytest.mark.slow
@settings(max_examples=25)
@given(HAS_ITEM, st.integers(1, 4), st.integers(0, 1000), DTYPES)
def test_every_graph_is_that_without_the_edge(
    has: NDArray[np.bool_], num_layers: int, seed: int, dtype: torch.dtype
) -> None:
    assume(has.any())
    generator = np.random.default_rng(seed)
    user = int(generator.choice(np.flatnonzero(has.any(axis=1))))
    item = int(generator.integers(has.shape[1]))
    removed = np.flatnonzero(has[user])
    x = torch.from_numpy(generator.normal(size=(sum(has.shape), 3))).to(dtype)
    graphs = GraphsWithoutEdge(normalized_adjacency(train_of(has), CPU).to(dtype), user)
    users, items = graphs.embed(x, num_layers, torch.from_numpy(removed), item)
    for place, lacking in enumerate(removed):
        without = has.copy()
        without[user, lacking] = False
        final = propagate(normalized_adjacency(train_of(without), CPU), x.float(), num_layers)
        torch.testing.assert_close(users[place].float(), final[user], rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            items[place].float(), final[len(has) + item], rtol=1e-5, atol=1e-5
        )


def test_blocks_of_graphs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    has = np.random.default_rng(0).random((9, 7)) < 0.6
    removed = torch.from_numpy(np.flatnonzero(has[0]))
    assert len(removed) > 2
    x = torch.randn(16, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    graphs = GraphsWithoutEdge(normalized_adjacency(train_of(has), CPU).to(torch.float64), 0)
    whole = graphs.embed(x, 3, removed, 5)
    monkeypatch.setattr(removed_edges, "_VALUES_AT_A_TIME", 64)
    monkeypatch.setattr(removed_edges, "_NODES_AT_A_TIME", 5)
    for got, expected in zip(graphs.embed(x, 3, removed, 5), whole, strict=True):
        torch.testing.assert_close(got, expected)
