"""Read columns of a delimited file as checked arrays, and name the first faulty line."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.data.tables.columns import Column, ColumnArray, column_array
from graphrec_cli.data.tables.csv_header import header_names, read_lines, unreadable
from graphrec_cli.data.tables.layout import (
    CSV,
    MAX_CHUNK_BYTES,
    Layout,
    is_blank,
    open_lines,
    open_utf8,
)
from graphrec_cli.data.tables.quotes import HINT, QuoteScan, quote_fault
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

BLOCK_BYTES = 5 * MAX_CHUNK_BYTES
"""Parsed at a time; a line must end in the block that follows the one it begins in."""


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
        names = header_names(path, layout, read_lines(path, layout, lines), columns)
    places = [names.index(column.name) for column in columns]
    quotes = QuoteScan(layout) if layout.quoted else None
    try:
        with open_utf8(path, layout) as text:
            chunks = text if quotes is None else quotes.passed(text)
            table = parse_rows(chunks, layout, len(names), places)
    except (pa.ArrowInvalid, ValueError) as error:
        raise _first_fault(path, columns, layout, error) from error
    if quotes is not None and quotes.suspicious:
        fault = _find_fault(path, columns, layout)
        if fault is not None:
            raise fault
    if not len(table):
        if layout.names is None:
            raise DataError(f"{path} has a header line and no rows")
        wanted = ", ".join(column.name for column in columns)
        raise DataError(f"{path} is empty; it needs lines with {wanted}")
    arrays: dict[str, ColumnArray] = {}
    for place, column in zip(places, columns, strict=True):
        array = column_array(column, table[str(place)], path)
        if array is None:
            raise _first_fault(path, columns, layout, None)
        arrays[column.name] = array
    return arrays


def parse_rows(
    text: Iterable[bytes], layout: Layout, num_columns: int, places: Sequence[int]
) -> pa.Table:
    """The cells of some columns as text, each column named by its position.

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
    table = arrow_csv.read_csv(
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
    if not ended:
        raise pa.ArrowInvalid("a quote is not closed")
    return table


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


def _first_fault(
    path: Path, columns: Sequence[Column], layout: Layout, cause: Exception | None
) -> DataError:
    """Read the file again line by line, to name the faulty line."""
    fault = _find_fault(path, columns, layout)
    if fault is not None:
        return fault
    reason = " ".join(str(cause).split()) if cause is not None else "a check failed"
    return DataError(f"{path} cannot be read as csv: {reason}")


def _find_fault(path: Path, columns: Sequence[Column], layout: Layout) -> DataError | None:
    """The error for the first faulty line, None if all lines are sound."""
    owner = "the header has" if layout.names is None else "the layout has"
    read: list[str] = []  # lines of the current row

    def recorded(lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line

    with open_lines(path, layout) as lines:
        rows = csv.reader(recorded(lines), strict=True, **layout.dialect)
        try:
            names, blanks = header_names(path, layout, rows, columns), 0
            places = [(column, names.index(column.name)) for column in columns]
            read.clear()
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                joined = read.copy()
                read.clear()
                if is_blank(row):
                    blanks = blanks or (rows.line_num if row else 0)
                    continue
                if len(row) != len(names):
                    hint = HINT if layout.quoted and '"' in "".join(joined) else ""
                    return DataError(f"{where}: {len(row)} fields where {owner} {len(names)}{hint}")
                fault = quote_fault(joined, row, places, layout)
                if fault is not None:
                    first = rows.line_num - len(joined) + 1
                    return DataError(f"{path}, line {first}: {fault}{HINT}")
                for column, place in places:
                    fault = column.fault(row[place])
                    if fault is not None:
                        value = shorten(row[place], 40)
                        return DataError(f"{where}: {column.name} '{value}' is {fault}")
        except csv.Error as error:
            fault_error = unreadable(path, layout, rows.line_num, error)
            if len(read) > 1:
                first = rows.line_num - len(read) + 1
                return DataError(f"{fault_error} (the quote in line {first} is not closed)")
            return fault_error
        except DataError as error:
            return error
    if blanks:  # quoted blanks are a field
        return DataError(f"{path}, line {blanks}: 1 fields where {owner} {len(names)}")
    return None
