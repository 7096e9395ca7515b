"""Collect the arrays of a column chunk by chunk, where no cell depends on another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.columns import Column, ColumnArray
from graphrec_cli.data.tables.find_fault import count_sound_rows

if TYPE_CHECKING:
    import pyarrow as pa


class CollectedArrays:
    """The cells of a column of numbers, dates or times of a known unit."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._arrays: list[NDArray[Any]] = []
        self._num_rows = 0
        self._faulty: pa.ChunkedArray | None = None

    def add(self, cells: pa.ChunkedArray) -> None:
        """Take the next cells."""
        if self._faulty is not None:
            return
        array = self._column.array(cells)
        if array is None:
            self._faulty = cells
            self._arrays.clear()
            return
        self._arrays.append(_narrowed(np.asarray(array)))
        self._num_rows += len(cells)

    def array(self) -> ColumnArray | None:
        """The values of all rows, float32 if it holds every number exactly; None with a fault."""
        if self._faulty is not None:
            return None
        array: NDArray[Any] = np.concatenate(self._arrays)
        self._arrays.clear()
        return array

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``array`` has found one."""
        assert self._faulty is not None
        return self._num_rows + count_sound_rows({self._column: self._faulty})


def _narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """The numbers as float32 if it holds all of them exactly."""
    if array.dtype != np.float64:
        return array
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float32)
    return narrow if np.array_equal(narrow, array, equal_nan=True) else array
