"""Collect the times of a column chunk by chunk: whole numbers or dates instead of their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.cells import is_text, parsed_numbers, present_cells
from graphrec_cli.data.tables.collect_arrays import CollectedArrays
from graphrec_cli.data.tables.columns import ColumnArray
from graphrec_cli.data.tables.find_fault import count_sound_rows
from graphrec_cli.data.tables.time_column import HEAD, TimeColumn

if TYPE_CHECKING:
    import pyarrow as pa


class CollectedTimes:
    """The cells of a column of times whose unit may depend on all of them."""

    def __init__(self, column: TimeColumn) -> None:
        self._column = column
        self._known = column.time_format is not None or column.unit is not TimeUnit.auto
        dates = TimeColumn(column.name, TimeUnit.date, may_be_missing=column.may_be_missing)
        self._arrays = CollectedArrays(column if self._known else dates)
        self._head: list[str] = []
        self._held: list[pa.ChunkedArray] = []
        self._num_rows = 0
        self._faulty: pa.ChunkedArray | None = None

    def add(self, cells: pa.ChunkedArray) -> None:
        """Take the next cells.

        Raises:
            DataError: the first cells are numbers that look like dates.
        """
        import pyarrow as pa

        column = self._column
        if self._known or column.has_dates or pa.types.is_temporal(cells.type):
            self._arrays.add(cells)
        elif not is_text(cells):
            self._held.append(cells)
        elif column.has_dates is None:
            self._held.append(cells)
            self._decide(cells)
        else:
            self._hold_numbers(cells)

    def array(self) -> ColumnArray | None:
        """Nanoseconds since 1970 of all rows; None if a cell is faulty.

        Raises:
            DataError: numbers are in different units.
        """
        import pyarrow as pa

        if self._faulty is not None:
            return None
        if not self._held:
            return self._arrays.array()
        kinds = {cells.type for cells in self._held}
        kind = pa.string() if len(kinds) > 1 else kinds.pop()
        chunks = [chunk for cells in self._held for chunk in cells.cast(kind).chunks]
        # Numbers are joined here, so that the chunks are gone before they are converted.
        joined = chunks if is_text(self._held[0]) else [pa.concat_arrays(chunks)]
        self._held = [pa.chunked_array(joined, kind)]
        del chunks, joined
        array = self._column.array(self._held[0])
        if array is not None:
            self._held.clear()
        return array

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``array`` has found one."""
        if self._faulty is not None:
            return self._num_rows + count_sound_rows({self._column: self._faulty})
        if self._held:
            return count_sound_rows({self._column: self._held[0]})
        return self._arrays.sound_rows()

    def _decide(self, cells: pa.ChunkedArray) -> None:
        """Decide whether the column has numbers or dates, once there are enough cells."""
        column = self._column
        present = present_cells(cells)[0] if column.may_be_missing else cells
        self._head += present.slice(0, HEAD - len(self._head)).to_pylist()
        if len(self._head) < HEAD:
            return
        column.decide(self._head)
        held, self._held = self._held, []
        for cells in held:
            self.add(cells)

    def _hold_numbers(self, cells: pa.ChunkedArray) -> None:
        """Keep whole numbers instead of their text."""
        import pyarrow as pa

        if self._faulty is not None:
            return
        rows = None
        present = cells
        if self._column.may_be_missing:
            present, rows = present_cells(cells)
        numbers = parsed_numbers(present)
        if numbers is None:
            self._faulty = cells
            self._held.clear()
            return
        self._num_rows += len(cells)
        if numbers.dtype != np.int64:
            self._held.append(cells)
        elif rows is None:
            self._held.append(pa.chunked_array([pa.array(numbers)]))
        else:
            values = np.zeros(len(cells), dtype=np.int64)
            values[rows] = numbers
            missing = np.ones(len(cells), dtype=np.bool_)
            missing[rows] = False
            self._held.append(pa.chunked_array([pa.array(values, mask=missing)]))
