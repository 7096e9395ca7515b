"""Collect the columns of a file chunk by chunk, in far less memory than their text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from graphrec_cli.data.tables.cells import is_text
from graphrec_cli.data.tables.collect_arrays import CollectedArrays
from graphrec_cli.data.tables.collect_texts import CollectedTexts
from graphrec_cli.data.tables.collect_times import CollectedTimes
from graphrec_cli.data.tables.columns import (
    Column,
    ColumnArray,
    IdColumn,
    NumberColumn,
    TextColumn,
    naming_file,
)
from graphrec_cli.data.tables.find_fault import count_sound_rows
from graphrec_cli.data.tables.time_column import SecondsColumn, TimeColumn
from graphrec_cli.data.tables.where import WhereColumn
from graphrec_cli.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_ROWS = 2**21
"""Rows whose text is held at a time."""


@runtime_checkable
class CollectedColumn(Protocol):
    """What is kept of the cells of a column."""

    def add(self, cells: pa.ChunkedArray) -> None:
        """Take the next cells."""

    def array(self) -> ColumnArray | None:
        """What the column makes of all cells, which are released; None if one is faulty."""

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``array`` has found one."""


class CollectedCells:
    """The cells of a column of any other kind, as they are."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._chunks: list[pa.Array] = []

    def add(self, cells: pa.ChunkedArray) -> None:
        """Take the next cells."""
        self._chunks += cells.chunks

    def array(self) -> ColumnArray | None:
        """What the column makes of all cells; None if one is faulty.

        Raises:
            DataError: each cell is valid, but they do not fit together.
        """
        array = self._column.array(self._cells())
        if array is not None:
            self._chunks.clear()
        return array

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``array`` has found one."""
        return count_sound_rows({self._column: self._cells()})

    def _cells(self) -> pa.ChunkedArray:
        import pyarrow as pa

        return pa.chunked_array(self._chunks)


class CollectedCompared:
    """The cells of a column that a condition compares."""

    def __init__(self, column: WhereColumn) -> None:
        self._column = column
        self._collected: CollectedTexts | CollectedCells | None = None

    def add(self, cells: pa.ChunkedArray) -> None:
        """Take the next cells; an empty text stands for one that is missing."""
        texts = is_text(cells)
        if self._collected is None:
            self._collected = (CollectedTexts if texts else CollectedCells)(self._column)
        self._collected.add(cells.fill_null("") if texts and cells.null_count else cells)

    def array(self) -> ColumnArray | None:
        """What the column makes of all cells; None if one is faulty.

        Raises:
            DataError: cells are compared that do not fit together.
        """
        assert self._collected is not None
        return self._collected.array()

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``array`` has found one."""
        assert self._collected is not None
        return self._collected.sound_rows()


class CollectedRows:
    """The cells of some columns of one file."""

    def __init__(self, columns: Sequence[Column], path: Path) -> None:
        self._path = path
        self._columns = [(column, _collected(column)) for column in columns]

    def add(self, cells: Sequence[pa.ChunkedArray]) -> None:
        """Take the next rows, the cells in the order of the columns.

        Raises:
            DataError: some cells do not fit together.
        """
        with naming_file(self._path):
            for (_, collected), of_column in zip(self._columns, cells, strict=True):
                collected.add(of_column)
        _return_freed_memory()

    def arrays(self) -> dict[str, ColumnArray] | None:
        """The values by the names of the columns; None if a cell is faulty.

        Raises:
            DataError: each cell is valid, but they do not fit together.
        """
        arrays: dict[str, ColumnArray] = {}
        with naming_file(self._path):
            while self._columns:
                column, collected = self._columns[0]
                array = collected.array()
                if array is None:
                    return None
                arrays[column.name] = array
                del self._columns[0]
                _return_freed_memory()
        return arrays

    def faulty_column(self) -> Column:
        """The first column with a fault, after ``arrays`` has found one."""
        return self._columns[0][0]

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``arrays`` has found one."""
        rows: list[int] = []
        for _, collected in self._columns:
            with suppress(DataError):  # sound cells that do not fit together
                if collected.array() is None:
                    rows.append(collected.sound_rows())
        return min(rows)


def in_chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The rows of all batches, in tables of about ``CHUNK_ROWS`` rows."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        for start in range(0, len(batch), CHUNK_ROWS):
            waiting.append(batch.slice(start, CHUNK_ROWS))
            if sum(map(len, waiting)) >= CHUNK_ROWS:
                yield pa.Table.from_batches(waiting)
                waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


def _return_freed_memory() -> None:
    """Give back to the system what Arrow keeps for later, which is more than what is in use."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _collected(column: Column) -> CollectedColumn:
    """Where the cells of a column are collected."""
    if isinstance(column, TextColumn):
        return CollectedTexts(column)
    if isinstance(column, TimeColumn):
        return CollectedTimes(column)
    if isinstance(column, WhereColumn):
        return CollectedCompared(column)
    if isinstance(column, IdColumn | NumberColumn | SecondsColumn):
        return CollectedArrays(column)
    return CollectedCells(column)
