"""Sparse matrices in compressed rows, and the one product that closed-form models need of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.csr_rows import take_rows

_ENTRIES_AT_A_TIME = 1 << 20


class SparseRows(NamedTuple):
    """A sparse matrix: the columns of row r lie at indptr[r]:indptr[r + 1].

    Attributes:
        indptr: int64, shape (rows + 1,).
        column: int64, shape (entries,).
        value: float32, shape (entries,); None where every entry is 1.
        num_columns: columns, whether or not one occurs.
    """

    indptr: Tensor
    column: Tensor
    value: Tensor | None
    num_columns: int

    @property
    def num_rows(self) -> int:
        """Rows, whether or not they hold anything."""
        return len(self.indptr) - 1

    def take(self, rows: Int64[Tensor, " taken"]) -> SparseRows:
        """These rows in this order, each as often as it is named."""
        indptr, place = take_rows(self.indptr, rows)
        value = None if self.value is None else self.value[place]
        return SparseRows(indptr, self.column[place], value, self.num_columns)

    def to_dense(self) -> Float[Tensor, "rows columns"]:
        """A matrix of ones, float32, that says which column is in which row."""
        dense = torch.zeros(self.num_rows, self.num_columns, device=self.column.device)
        row = torch.arange(self.num_rows, device=self.column.device)
        row = torch.repeat_interleave(row, self.indptr[1:] - self.indptr[:-1])
        return dense.index_put_((row, self.column), dense.new_ones(()))

    def to(self, device: torch.device) -> SparseRows:
        """The same on ``device``."""
        value = None if self.value is None else self.value.to(device)
        return SparseRows(self.indptr.to(device), self.column.to(device), value, self.num_columns)


def one_row(column: Int64[Tensor, " entries"], num_columns: int) -> SparseRows:
    """A single row of ones at these columns."""
    indptr = torch.tensor([0, len(column)], device=column.device)
    return SparseRows(indptr, column, None, num_columns)


def rows_of_users(train: UserItems) -> SparseRows:
    """A row of items a user, every entry 1, on the CPU."""
    items = torch.from_numpy(train.item_index.astype(np.int64))
    return SparseRows(torch.from_numpy(train.indptr), items, None, train.num_items)


def rows_of_items(train: UserItems) -> SparseRows:
    """A row of users an item, every entry 1, on the CPU."""
    users = train.user_index()[np.argsort(train.item_index, kind="stable")].astype(np.int64)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(train.item_degree)])
    return SparseRows(torch.from_numpy(indptr), torch.from_numpy(users), None, train.num_users)


def dense_product(left: SparseRows, right: SparseRows) -> Float[Tensor, "rows columns"]:
    """``left @ right``, float32, for a ``left`` of ones whose columns are the rows of ``right``.

    On a CPU every sum is taken in the order of the entries, so that it does not depend on how rows
    are put together. Beside the result, memory for some million entries is taken.
    """
    assert left.value is None, "the factors on the left are sets of items or users"
    num_columns = right.num_columns
    product = torch.zeros(left.num_rows * num_columns, device=left.column.device)
    length = right.indptr[1:] - right.indptr[:-1]
    length = length[left.column]
    row = torch.arange(left.num_rows, device=left.column.device)
    row = torch.repeat_interleave(row, left.indptr[1:] - left.indptr[:-1])
    for part in _parts(length):
        entries = right.take(left.column[part])
        target = torch.repeat_interleave(row[part] * num_columns, length[part]) + entries.column
        value = torch.ones(len(target), device=target.device)
        product.scatter_add_(0, target, value if entries.value is None else entries.value)
    return product.view(left.num_rows, num_columns)


def sums_of_rows(
    table: Float[Tensor, "entries dim"], sets: SparseRows
) -> Float[Tensor, "rows dim"]:
    """The sum of those rows of a dense table that each row of ``sets`` names."""
    return functional.embedding_bag(
        sets.column, table, sets.indptr, mode="sum", include_last_offset=True
    )


def _parts(length: Int64[Tensor, " entries"]) -> Iterator[slice]:
    """Runs of entries that stand for some million products together, or are a single one."""
    total = torch.cumsum(length, 0)
    end = 0
    while end < len(length):
        start, done = end, int(total[end - 1]) if end else 0
        end = int(torch.searchsorted(total, done + _ENTRIES_AT_A_TIME, right=True))
        end = max(end, start + 1)
        yield slice(start, end)


def shared_users(
    train: UserItems, scores_at_a_time: int = 1 << 20
) -> Iterator[tuple[slice, Float[Tensor, "block items"]]]:
    """The users that two items share, a block of items at a time.

    Args:
        scores_at_a_time: float32 values of a block.

    Yields:
        the items of the block, and their counts with all items, on the CPU: how many users have
        both, on the diagonal how many have the item.
    """
    users, items = rows_of_users(train), rows_of_items(train)
    size = max(1, scores_at_a_time // max(train.num_items, 1))
    for start in range(0, train.num_items, size):
        block = slice(start, min(start + size, train.num_items))
        rows = items.take(torch.arange(block.start, block.stop))
        yield block, dense_product(rows, users)
