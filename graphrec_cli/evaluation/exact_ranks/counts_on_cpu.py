"""Count the scores of each row above its thresholds, with numpy on several threads.

numpy compares floats into bytes with vector instructions, which torch does not, and a byte is a
quarter of the memory of the float that torch would need for a mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

_WORTH_SORTING = 32
"""Thresholds of a row from which sorting the row is faster than comparing it with each of them."""
_WORD = 8
"""Marks that are added at a time."""
_MOST_WORDS = 255
"""Words whose sum cannot carry from one byte into the next."""


def count_on_cpu(
    scores: Float[Tensor, "rows items"],
    thresholds: Float[Tensor, "rows places"],
    used: NDArray[np.int64],
    block_marks: int,
) -> tuple[Int64[Tensor, "rows places"], Int64[Tensor, "rows places"]]:
    """Count as ``CountsAbove.count`` does, on as many threads as torch uses.

    Args:
        block_marks: marks that a thread computes at a time.
    """
    values, bounds = scores.numpy(), thresholds.numpy()
    num_items = values.shape[1]
    above = np.zeros(bounds.shape, dtype=np.int64)
    at_least = np.zeros_like(above)
    num_sorted = int(np.count_nonzero(used >= _WORTH_SORTING))
    blocks = list(mark_blocks(used[num_sorted:], num_items, block_marks))
    workers = max(1, min(torch.get_num_threads(), num_sorted + len(blocks)))

    def count(worker: int) -> None:
        for row in range(worker, num_sorted, workers):
            ascending, bound = np.sort(values[row]), bounds[row, : used[row]]
            above[row, : used[row]] = num_items - np.searchsorted(ascending, bound, "right")
            at_least[row, : used[row]] = num_items - np.searchsorted(ascending, bound, "left")
        marks = _Marks(num_items)
        for block, places in blocks[worker::workers]:
            rows = slice(num_sorted + block.start, num_sorted + block.stop)
            compared = values[rows, None, :], bounds[rows, places, None]
            above[rows, places] = marks.count(np.greater, *compared)
            at_least[rows, places] = marks.count(np.greater_equal, *compared)

    if workers == 1:
        count(0)
    else:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(count, range(workers)))
    return torch.from_numpy(above), torch.from_numpy(at_least)


class _Marks:
    """A buffer of marks, padded with zeros to whole words and to equal groups of words."""

    def __init__(self, num_items: int) -> None:
        words = max(1, -(-num_items // _WORD))
        self._num_items = num_items
        self._groups = -(-words // _MOST_WORDS)
        self._words = -(-words // self._groups)
        self._buffer = self._zeros(0)

    def _zeros(self, num_rows: int) -> NDArray[np.bool_]:
        return np.zeros((num_rows, self._groups * self._words * _WORD), dtype=np.bool_)

    def count(
        self, compare: np.ufunc, row: NDArray[np.generic], threshold: NDArray[np.generic]
    ) -> NDArray[np.int64]:
        """Number of true comparisons along the last axis, shape (rows, places)."""
        shape = np.broadcast_shapes(row.shape, threshold.shape)
        num_rows = shape[0] * shape[1]
        if len(self._buffer) < num_rows:
            self._buffer = self._zeros(num_rows)
        marks = self._buffer[:num_rows]
        compare(row, threshold, out=marks.reshape(*shape[:2], -1)[:, :, : self._num_items])
        words = marks.view(np.uint64).reshape(num_rows, self._groups, self._words)
        sums: NDArray[np.int64] = words.sum(axis=2).view(np.uint8).sum(axis=1, dtype=np.int64)
        return sums.reshape(shape[:2])


def mark_blocks(
    used: NDArray[np.int64], num_items: int, block_marks: int
) -> Iterator[tuple[slice, slice]]:
    """Slices of rows and places whose marks fit into one block, with at least one place each."""
    places = max(1, block_marks // max(num_items, 1))
    first = 0
    while first < len(used):
        most = int(used[first])
        rows = slice(first, first + max(1, places // most))
        for start in range(0, most, places):
            yield rows, slice(start, min(start + places, most))
        first = rows.stop
