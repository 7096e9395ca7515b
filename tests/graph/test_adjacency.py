from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.propagation import propagate

HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def user_items(has: NDArray[np.bool_]) -> UserItems:
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


def dense(norm_adj: NormalizedAdjacency) -> Tensor:
    """The whole matrix, users first."""
    num_users, num_items = norm_adj.user_item.shape
    whole = torch.zeros(num_users + num_items, num_users + num_items)
    whole[:num_users, num_users:] = norm_adj.user_item.to_dense()
    whole[num_users:, :num_users] = norm_adj.item_user.to_dense()
    return whole


def dense_normalized(has: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The definition, entry by entry."""
    num_users, num_items = has.shape
    num_nodes = num_users + num_items
    adjacency = np.zeros((num_nodes, num_nodes))
    for user in range(num_users):
        for item in range(num_items):
            if has[user, item]:
                value = 1 / np.sqrt(has[user].sum() * has[:, item].sum())
                adjacency[user, num_users + item] = adjacency[num_users + item, user] = value
    return adjacency


def test_five_nodes_by_hand() -> None:
    # User 0 has items 0, 1, 2 and user 1 has item 1, so the degrees are 3, 1 and 1, 2, 1.
    has = np.array([[1, 1, 1], [0, 1, 0]], dtype=np.bool_)
    got = dense(normalized_adjacency(user_items(has), CPU))
    expected = torch.tensor(
        [
            [0.0, 0.0, 0.57735027, 0.40824829, 0.57735027],
            [0.0, 0.0, 0.0, 0.70710678, 0.0],
            [0.57735027, 0.0, 0.0, 0.0, 0.0],
            [0.40824829, 0.70710678, 0.0, 0.0, 0.0],
            [0.57735027, 0.0, 0.0, 0.0, 0.0],
        ]
    )
    torch.testing.assert_close(got, expected, rtol=1e-7, atol=1e-8)


@given(HAS_ITEM)
def test_equals_the_dense_definition_and_its_own_transpose(has: NDArray[np.bool_]) -> None:
    whole = dense(normalized_adjacency(user_items(has), CPU)).double().numpy()
    np.testing.assert_allclose(whole, dense_normalized(has), rtol=1e-6, atol=0)
    assert np.array_equal(whole, whole.T)


@given(HAS_ITEM)
def test_stores_each_edge_twice_and_nothing_else(has: NDArray[np.bool_]) -> None:
    norm_adj = normalized_adjacency(user_items(has), CPU)
    for block in norm_adj:
        assert block.layout is torch.sparse_csr
        assert block.dtype is torch.float32
        assert len(block.values()) == has.sum()
        assert block.crow_indices().dtype is block.col_indices().dtype is torch.int32
        assert bool((block.values() > 0).all())


@given(HAS_ITEM)
def test_no_eigenvalue_exceeds_one(has: NDArray[np.bool_]) -> None:
    whole = dense(normalized_adjacency(user_items(has), CPU)).double()
    assert torch.linalg.eigvalsh(whole).abs().max() <= 1 + 1e-6


def test_only_train_pairs_and_their_number_of_users_and_items_count() -> None:
    # Two further items and a further user, all without an edge, change no other value.
    small = np.array([[1, 1, 1], [0, 1, 0]], dtype=np.bool_)
    large = np.zeros((3, 5), dtype=np.bool_)
    large[:2, :3] = small
    got = dense(normalized_adjacency(user_items(large), CPU))
    kept = torch.tensor([0, 1, 3, 4, 5])
    assert got.shape == (8, 8)
    assert torch.equal(got[kept][:, kept], dense(normalized_adjacency(user_items(small), CPU)))
    isolated = torch.tensor([2, 6, 7])
    assert not got[isolated].any()
    assert not got[:, isolated].any()


@pytest.mark.parametrize("filled", [True, False])
def test_isolated_nodes_and_the_csr_layout_raise_no_warning(filled: bool) -> None:
    has = np.zeros((4, 3), dtype=np.bool_)
    has[0, 1] = filled
    torch.set_warn_always(True)  # by default torch shows most warnings once per process
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            norm_adj = normalized_adjacency(user_items(has), CPU)
            final = propagate(norm_adj, torch.ones(7, 2, requires_grad=True), 2)
            final.sum().backward()
    finally:
        torch.set_warn_always(False)
    assert [str(warning.message) for warning in seen] == []
    assert bool(torch.isfinite(final).all())


@given(st.integers(1, 300))
def test_a_user_with_many_items_keeps_float32_precision(num_items: int) -> None:
    has = np.ones((1, num_items), dtype=np.bool_)
    for block in normalized_adjacency(user_items(has), CPU):
        assert torch.equal(block.values(), torch.full((num_items,), 1 / np.sqrt(num_items)))
