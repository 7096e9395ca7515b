"""Read columns of a delimited file as checked arrays, and name the first faulty line."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.data.tables.collect_rows import CollectedRows, in_chunks
from graphrec_cli.data.tables.columns import Column, ColumnArray, naming_file
from graphrec_cli.data.tables.csv_rows import column_names, read_head, rows_of
from graphrec_cli.data.tables.find_fault import find_fault, first_fault
from graphrec_cli.data.tables.layout import CSV, MAX_CHUNK_BYTES, Layout, open_lines, open_utf8
from graphrec_cli.data.tables.quotes import QuoteScan
from graphrec_cli.data.tables.time_column import TimeColumn
from graphrec_cli.data.tables.where import WhereColumn
from graphrec_cli.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

BLOCK_BYTES = 5 * MAX_CHUNK_BYTES
"""Parsed at a time; a line must end in the block that follows the one it begins in."""
HEAD_ROWS = 1_000
"""Rows that are checked before the whole file is read."""


def read_csv_columns(
    path: Path, columns: Sequence[Column], layout: Layout = CSV
) -> dict[str, ColumnArray]:
    """Read columns by name, in any order.

    Args:
        path: a file, plain or packed, or a file in a zip, its lines ended by LF or CRLF.
        columns: what to read; other columns are ignored.
        layout: how its lines are written; by default comma separated, in UTF-8 with or without a
            byte-order mark, below a header line.

    Returns:
        By name: int64 for an IdColumn, float32 for a NumberColumn, and what other columns make of
        their cells, each of shape (rows,).

    Raises:
        DataError: the file is damaged or empty, lacks a column, or has a faulty line; the error
            gives its number.
    """
    import pyarrow as pa

    with open_lines(path, layout) as lines:
        names = column_names(path, layout, rows_of(path, layout, lines), columns)
    places = [names.index(column.name) for column in columns]
    quotes = QuoteScan(layout) if layout.quoted else None
    collected = CollectedRows(columns, path)
    num_rows = 0
    try:
        with open_utf8(path, layout) as text:
            chunks = text if quotes is None else quotes.passed(text)
            for table in in_chunks(parsed_batches(chunks, layout, len(names), places)):
                num_rows += len(table)
                collected.add([table[str(place)] for place in places])
    except (pa.ArrowInvalid, ValueError) as error:
        raise first_fault(path, columns, layout, error) from error
    if quotes is not None and quotes.suspicious:
        fault = find_fault(path, columns, layout)
        if fault is not None:
            raise fault
    if not num_rows:
        if layout.names is None:
            raise DataError(f"{path} has a header line and no rows")
        wanted = ", ".join(column.name for column in columns)
        raise DataError(f"{path} is empty; it needs lines with {wanted}")
    arrays = collected.arrays()
    if arrays is None:
        raise first_fault(path, columns, layout, None, collected.sound_rows())
    return arrays


def check_first_rows(path: Path, columns: Sequence[Column], layout: Layout) -> None:
    """Refuse a file that lacks a column, or whose first rows have a fault.

    Raises:
        DataError: as ``read_csv_columns``.
    """
    try:
        names, rows = read_head(path, layout, HEAD_ROWS, columns)
    except DataError as error:
        raise find_fault(path, columns, layout, most_rows=HEAD_ROWS) or error from error
    for column in columns:
        if isinstance(column, TimeColumn):
            place = names.index(column.name)
            try:
                column.decide([row[place] for row in rows if len(row) == len(names)])
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
    fault = find_fault(path, columns, layout, most_rows=HEAD_ROWS)
    if fault is not None:
        raise fault
    for column in columns:
        if isinstance(column, WhereColumn) and rows:
            import pyarrow as pa

            cells = pa.array([row[names.index(column.name)] for row in rows], pa.string())
            with naming_file(path):
                column.array(pa.chunked_array([cells]))


def parse_rows(
    text: Iterable[bytes], layout: Layout, num_columns: int, places: Sequence[int]
) -> pa.Table:
    """All rows of ``parsed_batches``."""
    import pyarrow as pa

    schema = pa.schema([(str(place), pa.string()) for place in places])
    return pa.Table.from_batches(parsed_batches(text, layout, num_columns, places), schema)


def parsed_batches(
    text: Iterable[bytes], layout: Layout, num_columns: int, places: Sequence[int]
) -> Iterator[pa.RecordBatch]:
    """The cells of some columns as text, each column named by its position; some rows at a time.

    Args:
        text: chunks of UTF-8, the fields separated by ``layout.delimiter``.
        layout: whether there is a header line, and quotes.
        num_columns: fields that every line must have; blank lines are skipped.
        places: positions of the columns, from 0.

    Raises:
        pa.ArrowInvalid: a line has another number of fields, or a quote is not closed.
        ValueError: as ``text`` raises it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow_csv

    # An extra last line with too many fields: it is reported unless a quote is still open.
    end = f"{secrets.token_hex(16)}{layout.delimiter * num_columns}"
    ended = False

    def handle(row: arrow_csv.InvalidRow) -> str:
        nonlocal ended
        blank = row.actual_columns == 1 and not row.text.strip(" \t")
        ended = ended or row.text == end
        return "skip" if blank or ended else "error"

    blocks = _Blocks(chain(text, [f"\n{end}\n".encode()]))
    reader = arrow_csv.open_csv(
        pa.PythonFile(blocks, mode="r"),
        read_options=arrow_csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=[str(place) for place in range(num_columns)],
            skip_rows_after_names=int(layout.names is None),
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter,
            quote_char='"' if layout.quoted else False,
            newlines_in_values=layout.quoted,
            invalid_row_handler=handle,
        ),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=[str(place) for place in places],
            column_types={str(place): pa.string() for place in places},
            check_utf8=False,
            strings_can_be_null=False,
        ),
    )
    for batch in reader:
        if layout.quoted and layout.rewrites_separators:
            written = [
                pc.replace_substring(cells, layout.delimiter, layout.separator)
                for cells in batch.columns
            ]
            batch = pa.record_batch(written, names=batch.schema.names)
        yield batch
    if not ended:
        raise pa.ArrowInvalid("a quote is not closed")


class _Blocks:
    """Chunks of bytes as the file that Arrow reads: all blocks but the last are of some size.

    Attributes:
        closed: always False; the caller closes the file.
    """

    closed = False

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, size: int) -> bytes:
        """At most ``size`` further bytes, empty at the end."""
        return b"".join(islice(self._chunks, size // MAX_CHUNK_BYTES))
