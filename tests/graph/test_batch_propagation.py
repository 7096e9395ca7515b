from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.batch_propagation import propagate_rows
from graphrec_cli.graph.propagation import propagate

NUM_USERS, NUM_ITEMS = 60, 45


def adjacency(seed: int, density: float) -> NormalizedAdjacency:
    has = np.random.default_rng(seed).random((NUM_USERS, NUM_ITEMS)) < density
    train = UserItems.from_pairs(*np.nonzero(has), num_users=NUM_USERS, num_items=NUM_ITEMS)
    return normalized_adjacency(train, torch.device("cpu"))


def some(count: int, of: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(of, generator=generator)[:count].sort().values


@given(
    num_layers=st.integers(1, 4),
    num_users=st.integers(1, NUM_USERS),
    num_items=st.integers(1, NUM_ITEMS),
    density=st.sampled_from([0.0, 0.02, 0.3]),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    seed=st.integers(0, 2**32),
)
def test_rows_are_those_of_the_whole_bit_for_bit_and_gradients_but_for_rounding(
    num_layers: int, num_users: int, num_items: int, density: float, dtype: torch.dtype, seed: int
) -> None:
    norm_adj = adjacency(seed, density).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    layer0 = torch.randn(NUM_USERS + NUM_ITEMS, 8, generator=generator, requires_grad=True)
    users = some(num_users, NUM_USERS, generator)
    items = some(num_items, NUM_ITEMS, generator)
    grads = [torch.randn(len(rows), 8, generator=generator) for rows in (users, items)]

    rows = propagate_rows(norm_adj, layer0, num_layers, users, items)
    whole = propagate(norm_adj, layer0, num_layers)
    expected = (whole[users], whole[NUM_USERS + items])
    for got, wanted in zip(rows, expected, strict=True):
        assert torch.equal(got, wanted)
    torch.testing.assert_close(
        torch.autograd.grad(rows, layer0, grads)[0],
        torch.autograd.grad(expected, layer0, grads)[0],
        rtol=1e-5 if dtype is torch.float32 else 2e-2,
        atol=1e-6 if dtype is torch.float32 else 2e-2,
    )


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_by_hand(share: float) -> None:
    # One user with both items: every entry is 1 / sqrt(2); with one layer its final embedding is
    # (3 + (1 + 2) / sqrt(2)) / 2.
    train = UserItems.from_pairs(np.array([0, 0]), np.array([0, 1]), num_users=1, num_items=2)
    norm_adj = normalized_adjacency(train, torch.device("cpu"))
    layer0 = torch.tensor([[3.0], [1.0], [2.0]], requires_grad=True)
    users, items = propagate_rows(norm_adj, layer0, 1, torch.tensor([0]), torch.tensor([1]))
    assert users.item() == pytest.approx((3 + 3 / 2**0.5) / 2)
    assert items.item() == pytest.approx((2 + 3 / 2**0.5) / 2)
    (share * users.sum()).backward()
    assert layer0.grad is not None
    expected = [0.5, 0.5 / 2**0.5, 0.5 / 2**0.5]
    assert layer0.grad.squeeze(1).tolist() == pytest.approx([share * each for each in expected])
