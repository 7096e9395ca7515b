"""Read columns of a delimited file as checked arrays, and name the first faulty line."""

from __future__ import annotations

import csv
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
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
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip, its lines ended by LF or CRLF.
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
    try:
        with open_utf8(path, layout) as text:
            table = parse_rows(text, layout, len(names), places)
    except (pa.ArrowInvalid, ValueError) as error:
        raise _first_fault(path, columns, layout, error) from error
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
        raise DataError(f"{path}, line {rows.line_num}: {error}") from error


def _names(path: Path, layout: Layout, rows: Rows, columns: Sequence[Column]) -> list[str]:
    """Names of all columns: the layout's own, or those of the header line, which is consumed."""
    if layout.names is not None:
        return list(layout.names)
    wanted = [column.name for column in columns]
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
    path: Path,
    columns: Sequence[Column],
    layout: Layout,
    cause: Exception | None,
) -> DataError:
    """Read the file again line by line, to name the faulty line."""
    owner = "the header has" if layout.names is None else "the layout has"
    with open_lines(path, layout) as lines:
        rows = csv.reader(lines, strict=True, **layout.dialect)
        try:
            names, blanks = _names(path, layout, rows, columns), 0
            places = [(column, names.index(column.name)) for column in columns]
            for row in rows:
                if is_blank(row):
                    blanks = blanks or (rows.line_num if row else 0)
                    continue
                where = f"{path}, line {rows.line_num}"
                if len(row) != len(names):
                    return DataError(f"{where}: {len(row)} fields where {owner} {len(names)}")
                for column, place in places:
                    fault = column.fault(row[place])
                    if fault is not None:
                        value = shorten(row[place], 40)
                        return DataError(f"{where}: {column.name} '{value}' is {fault}")
        except csv.Error as error:
            return DataError(f"{path}, line {rows.line_num}: {error}")
        except DataError as error:
            return error
    if blanks:  # quoted blanks are a field
        return DataError(f"{path}, line {blanks}: 1 fields where {owner} {len(names)}")
    reason = " ".join(str(cause).split()) if cause is not None else "a check failed"
    return DataError(f"{path} cannot be read as csv: {reason}")
