"""How many scores of a row lie above each of the row's own thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

# A float32 holds every whole number up to here, and so every count of marks.
_FLOAT32_WHOLE = 1 << 24


class CountsAbove:
    """Counts scores against thresholds; one buffer of marks serves all calls.

    A mark is a 0 or 1 of the scores' own type: torch compares into booleans one at a time, and
    into the type that it compares by whole vectors, which more than makes up for the bytes.
    """

    def __init__(self, block_marks: int = 1 << 21) -> None:
        """Begin without a buffer.

        Args:
            block_marks: marks made at a time; so many rows and marks stay in a CPU's caches from
                one pass over them to the next.
        """
        self._block_marks = block_marks
        self._marks = torch.empty(0)

    def count(
        self,
        scores: Float[Tensor, "rows items"],
        thresholds: Float[Tensor, "rows places"],
        wanted: NDArray[np.int64],
    ) -> tuple[Int64[Tensor, "rows places"], Int64[Tensor, "rows places"]]:
        """The scores of each row that are above, and those that are at or above, its thresholds.

        Args:
            scores: rows to look through.
            thresholds: to count against; only a row's first ``wanted`` places are looked at.
            wanted: descending, from 1 to the number of places, shape (rows,); a block of
                rows counts against as many places as the first of them wants, the rest stay 0.
        """
        above = torch.zeros(thresholds.shape, dtype=torch.int64, device=scores.device)
        at_least = torch.zeros_like(above)
        for rows, places in _blocks(wanted, scores.shape[1], self._block_marks):
            row, threshold = scores[rows, None, :], thresholds[rows, places, None]
            marks = self._buffer(row, threshold)
            above[rows, places] = _sums(torch.gt(row, threshold, out=marks))
            at_least[rows, places] = _sums(torch.ge(row, threshold, out=marks))
        return above, at_least

    def release(self) -> None:
        """Give the buffer back."""
        self._marks = torch.empty(0)

    def _buffer(self, row: Tensor, threshold: Tensor) -> Tensor:
        # Fresh memory would cost a page fault every few marks.
        shape = (row.shape[0], threshold.shape[1], row.shape[2])
        size = math.prod(shape)
        dtype = torch.promote_types(row.dtype, torch.float32)
        if self._marks.dtype is not dtype or len(self._marks) < size:
            self.release()
            self._marks = torch.empty(size, dtype=dtype, device=row.device)
        return self._marks[:size].view(shape)


def _blocks(
    wanted: NDArray[np.int64], num_items: int, block_marks: int
) -> Iterator[tuple[slice, slice]]:
    """Rows and places that together take no more marks than a block holds, or a single one."""
    places = max(1, block_marks // max(num_items, 1))
    first = 0
    while first < len(wanted):
        most = int(wanted[first])
        rows = slice(first, first + max(1, places // most))
        for start in range(0, most, places):
            yield rows, slice(start, min(start + places, most))
        first = rows.stop


def _sums(marks: Tensor) -> Tensor:
    exact = torch.float64 if marks.shape[2] > _FLOAT32_WHOLE else None
    return marks.sum(2, dtype=exact)
