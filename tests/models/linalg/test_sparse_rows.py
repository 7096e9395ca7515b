from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.linalg import sparse_rows
from graphrec_cli.models.linalg.sparse_rows import (
    SparseRows,
    dense_product,
    one_row,
    rows_of_items,
    rows_of_users,
    shared_users,
    sums_of_rows,
)

HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def train_of(has: NDArray[np.bool_]) -> UserItems:
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


@given(HAS_ITEM, st.data())
def test_rows_of_users_and_of_items_are_each_others_transpose(
    has: NDArray[np.bool_], data: st.DataObject
) -> None:
    train = train_of(has)
    assert np.array_equal(rows_of_users(train).to_dense().numpy(), has)
    assert np.array_equal(rows_of_items(train).to_dense().numpy(), has.T)
    wanted = data.draw(st.lists(st.integers(0, len(has) - 1), max_size=5))
    taken = rows_of_users(train).take(torch.tensor(wanted, dtype=torch.int64))
    assert np.array_equal(taken.to_dense().numpy(), has[wanted])


@given(HAS_ITEM, st.integers(1, 40), st.integers(1, 60))
def test_shared_users_are_counted_whatever_the_blocks(
    has: NDArray[np.bool_], scores_at_a_time: int, entries_at_a_time: int
) -> None:
    counts = has.T.astype(np.int64) @ has.astype(np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse_rows, "_ENTRIES_AT_A_TIME", entries_at_a_time)
        blocks = list(shared_users(train_of(has), scores_at_a_time))
    items = [item for block, _ in blocks for item in range(block.start, block.stop)]
    assert items == list(range(has.shape[1]))
    assert np.array_equal(torch.cat([shared for _, shared in blocks]).numpy(), counts)
    assert all(len(shared) == 1 or shared.numel() <= scores_at_a_time for _, shared in blocks)


def test_a_product_takes_the_values_of_its_right_factor() -> None:
    left = SparseRows(torch.tensor([0, 2, 2, 3]), torch.tensor([0, 2, 1]), None, 3)
    values = torch.tensor([0.5, 2.0, -1.0, 4.0])
    right = SparseRows(torch.tensor([0, 1, 2, 4]), torch.tensor([1, 0, 1, 0]), values, 2)
    assert dense_product(left, right).tolist() == [[4.0, -0.5], [0.0, 0.0], [2.0, 0.0]]


def test_a_row_of_nothing_sums_to_nothing() -> None:
    table = torch.tensor([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    sets = SparseRows(torch.tensor([0, 2, 2, 3]), torch.tensor([0, 2, 1]), None, 3)
    assert sums_of_rows(table, sets).tolist() == [[101.0, 202.0], [0.0, 0.0], [10.0, 20.0]]
    assert one_row(torch.tensor([2, 0]), 3).to_dense().tolist() == [[1.0, 0.0, 1.0]]
