"""Read columns of a parquet file as checked arrays, and name the first faulty row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphrec_cli.data.files import files
from graphrec_cli.data.tables.cells import distinct_texts
from graphrec_cli.data.tables.collect_rows import CollectedRows, in_chunks
from graphrec_cli.data.tables.columns import Column, ColumnArray, NumberColumn, TextColumn
from graphrec_cli.data.tables.time_column import TimeColumn
from graphrec_cli.data.tables.where import WhereColumn
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa

MAX_RATIO = 100
"""Largest number of unpacked bytes per byte of a large file."""


def looks_like_parquet(path: Path) -> bool:
    """Whether a file on disk begins like parquet."""
    if not path.is_file():
        return False
    with files.readable(path), path.open("rb") as file:
        return file.read(4) == b"PAR1"


def parquet_kinds(path: Path) -> dict[str, str]:
    """By name of every column: ``number``, ``text``, ``time``, or else the type's own name.

    Raises:
        DataError: the file cannot be read.
    """
    with _open(path) as file:
        schema = file.schema_arrow
    repeated = [name for name, times in Counter(schema.names).items() if times > 1]
    if repeated:
        shown = shorten(repeated[0], 40)
        raise DataError(f"{path} names the column '{shown}' twice; save it with distinct names")
    return {field.name: _kind(field.type) for field in schema}


def read_parquet_columns(
    path: Path, columns: Sequence[Column], most_rows: int | None = None
) -> dict[str, ColumnArray]:
    """Read columns by their names, of all rows or of the first ``most_rows``.

    Whole numbers are read as text in decimal digits if text is requested.

    Raises:
        DataError: the file cannot be read, has no rows or unpacks to far too much; or a column has
            a wrong type, or an empty or faulty cell, whose row the error gives.
    """
    collected = CollectedRows(columns, path)
    num_rows = 0
    for table in _chunks(path, columns, most_rows):
        cells = [_present_cells(path, column, table, num_rows) for column in columns]
        collected.add(cells)
        num_rows += len(table)
    if not num_rows:
        raise DataError(f"{path} has no rows")
    arrays = collected.arrays()
    if arrays is None:
        raise _first_fault(path, collected.faulty_column(), most_rows)
    return arrays


def read_parquet_lists(path: Path, name: str) -> pa.Array:
    """Read a column of lists, of all rows.

    Raises:
        DataError: the file cannot be read, or unpacks to far too much.
    """
    with _open(path) as file:
        groups = (file.metadata.row_group(group) for group in range(file.num_row_groups))
        # The leaves of a list of objects are columns of their own.
        leaves = [group.column(at) for group in groups for at in range(group.num_columns)]
        _refuse_absurd_size(path, sum(leaf.num_values * 8 for leaf in leaves))
        return file.read(columns=[name]).column(0).combine_chunks()


def _chunks(path: Path, columns: Sequence[Column], most_rows: int | None) -> Iterator[pa.Table]:
    """Some rows at a time, of all or of the first ``most_rows``.

    Raises:
        DataError: the file cannot be read, or unpacks to far too much.
    """

    names = [column.name for column in columns]
    with _open(path) as file:
        _refuse_absurd_size(path, file.metadata.num_rows * len(columns) * 8)
        if most_rows is None:
            yield from in_chunks(file.iter_batches(columns=names))
        else:
            yield from in_chunks(islice(file.iter_batches(most_rows, columns=names), 1))


def _present_cells(
    path: Path, column: Column, table: pa.Table, rows_before: int
) -> pa.ChunkedArray:
    """The cells of a column in a type that it accepts.

    Raises:
        DataError: one is empty and must not be, or their type is wrong.
    """
    values = table.column(column.name)
    if values.null_count and not _may_be_missing(column):
        row = rows_before + int(np.flatnonzero(values.is_null().to_numpy())[0]) + 1
        raise DataError(f"{path}, row {row}: {column.name} is empty")
    return readable_cells(path, column, values)


@contextmanager
def _open(path: Path) -> Iterator[pa.parquet.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if files.file_on_disk(path) != path:
        raise DataError(f"{path} is parquet in a zip; unpack it")
    try:
        # Arrow's own file: the buffers of a Python file would be kept by the C library.
        with pa.OSFile(str(path)) as opened, pq.ParquetFile(opened) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} cannot be read as parquet; it may be damaged, download or save it again"
        ) from error


def _refuse_absurd_size(path: Path, unpacked: int) -> None:
    # Repeated values take only a few bytes in the file.
    if unpacked > max(files.MAX_UNPACKED_BYTES, MAX_RATIO * path.stat().st_size):
        raise DataError(
            f"{path} unpacks to {unpacked:,} bytes, {MAX_RATIO} times its size; save it "
            "as csv if it really is that large"
        )


def _kind(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_other_text(kind):
        return "text"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    return str(kind)


def _is_other_text(kind: pa.DataType) -> bool:
    """Whether it is text in another form than Arrow's strings: old writers store plain bytes."""
    import pyarrow as pa

    return bool(kind in (pa.string_view(), pa.binary(), pa.large_binary()))


def _may_be_missing(column: Column) -> bool:
    if isinstance(column, TextColumn):
        return column.may_be_empty
    return isinstance(column, NumberColumn | TimeColumn | WhereColumn) and column.may_be_missing


def readable_cells(path: Path, column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values in a type that the column accepts."""
    import pyarrow as pa

    kind, name = _kind(values.type), f"{path}: column {column.name}"
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if _is_other_text(values.type):
        try:
            values = values.cast("large_string")
        except pa.ArrowInvalid as error:
            raise DataError(f"{name} has bytes that are no UTF-8; save it as text") from error
    compared = isinstance(column, WhereColumn)
    is_text = isinstance(column, TextColumn)
    if pa.types.is_decimal(values.type) and not compared:
        values = _without_decimals(name, values, whole=is_text)
    if compared and (pa.types.is_boolean(values.type) or pa.types.is_null(values.type)):
        return values.cast("string")
    if kind not in ("number", "text", "time"):
        is_list = pa.types.is_list(values.type)
        write = "write a row for each value" if is_list else "save it as text or numbers"
        raise DataError(f"{name} has the type {kind}; {write}")
    if kind == "time" and not (compared or isinstance(column, TimeColumn)):
        what = "ids" if is_text else "ratings"
        raise DataError(f"{name} has times, which cannot be {what}; save it as text or numbers")
    if is_text and pa.types.is_floating(values.type):
        raise DataError(
            f"{name} has the type {values.type}, in which long ids lose digits; save it as text "
            "or whole numbers"
        )
    return values.cast("string").fill_null("") if is_text and values.null_count else values


def _without_decimals(name: str, values: pa.ChunkedArray, *, whole: bool) -> pa.ChunkedArray:
    """Decimals as text."""
    import pyarrow as pa

    try:
        return values.cast(pa.decimal256(76, 0)).cast("string")
    except pa.ArrowInvalid as error:
        if whole:
            raise DataError(
                f"{name} has decimals that are not whole, which cannot be ids"
            ) from error
        return values.cast("string")


def _first_fault(path: Path, column: Column, most_rows: int | None) -> DataError:
    """Read the column again and check its cells one by one, to name the faulty row."""
    import pyarrow as pa

    num_rows = 0
    for table in _chunks(path, [column], most_rows):
        cells = _present_cells(path, column, table, num_rows)
        if pa.types.is_temporal(cells.type):
            cells = cells.cast("string")  # Python has no years beyond 9999
        if cells.null_count:
            cells = cells.cast("string").fill_null("")
        texts, places = distinct_texts(cells)
        faults = [column.fault(text) for text in texts]
        faulty = np.array([fault is not None for fault in faults], dtype=np.bool_)
        if faulty.any():
            row = int(np.argmax(faulty[places]))
            place = places[row]
            shown = shorten(texts[place], 40)
            where = f"{path}, row {num_rows + row + 1}"
            return DataError(f"{where}: {column.name} '{shown}' is {faults[place]}")
        num_rows += len(cells)
    return DataError(f"{path}: column {column.name} cannot be read")
