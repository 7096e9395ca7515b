"""Read columns of a delimited file as checked arrays, and name the first faulty line."""

from __future__ import annotations

import csv
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, dropwhile, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from graphrec_cli.data.tables.columns import Column, ColumnArray, column_array
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

Rows: TypeAlias = Iterator[list[str]]
BLOCK_BYTES = 5 * MAX_CHUNK_BYTES
"""Parsed at a time; a line must end in the block that follows the one it begins in."""
MAX_COLUMNS = 10_000
"""Fields of a header line: a table of interactions has far fewer."""


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
        names = _names(path, layout, _rows(path, layout, lines), columns)
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


def read_head(path: Path, layout: Layout) -> tuple[list[str], list[str]]:
    """Names of all columns, and the first row below them, [] if there is none.

    Raises:
        DataError: the file is damaged, empty or not valid in the layout's encoding, or names a
            column twice.
    """
    with open_lines(path, layout) as lines:
        rows = _rows(path, layout, lines)
        names = _names(path, layout, rows, [])
        return names, next((row for row in rows if not is_blank(row)), [])


def _rows(path: Path, layout: Layout, lines: Iterator[str]) -> Rows:
    """The rows of text, line by line.

    Raises:
        DataError: a line cannot be parsed, such as one of a megabyte; the error gives its number.
    """
    rows = csv.reader(lines, **layout.dialect)
    try:
        yield from rows
    except csv.Error as error:
        raise _unreadable(path, layout, rows.line_num, error) from error


def _unreadable(path: Path, layout: Layout, line: int, error: csv.Error) -> DataError:
    """The error for a line that the csv module refuses, in most cases for its quotes."""
    if "new-line character" in str(error):
        return DataError(f"{path}, line {line}: a CR that is not followed by LF; remove it")
    return DataError(f"{path}, line {line}: {error}{HINT if layout.quoted else ''}")


def _names(path: Path, layout: Layout, rows: Rows, columns: Sequence[Column]) -> list[str]:
    """Names of all columns: the layout's own, or those of the header line, which is consumed."""
    if layout.names is not None:
        return list(layout.names)
    wanted = [column.name for column in columns]
    if layout.comment:
        rows = dropwhile(is_blank, rows)
    header = [name.strip() for name in next(rows, [])]
    if not header:
        what = f" with {', '.join(wanted)}" if wanted else ""
        raise DataError(f"{path} is empty; it needs a header line{what}")
    missing = [name for name in wanted if name not in header]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}; its header line has "
            f"{shorten(', '.join(header), 200)}"
        )
    if len(header) > MAX_COLUMNS:
        have = f"has {len(header):,} fields in its header line"
        raise DataError(f"{path} {have}, more than the {MAX_COLUMNS:,} allowed")
    repeated = [name for name, times in Counter(header).items() if times > 1]
    if repeated:
        shown = shorten(repeated[0], 40)
        raise DataError(f"{path} names the column '{shown}' twice in its header line")
    return header


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
            names, blanks = _names(path, layout, rows, columns), 0
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
            fault_error = _unreadable(path, layout, rows.line_num, error)
            if len(read) > 1:
                first = rows.line_num - len(read) + 1
                return DataError(f"{fault_error} (the quote in line {first} is not closed)")
            return fault_error
        except DataError as error:
            return error
    if blanks:  # quoted blanks are a field
        return DataError(f"{path}, line {blanks}: 1 fields where {owner} {len(names)}")
    return None
