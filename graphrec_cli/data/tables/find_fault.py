"""Find the first faulty line of delimited text, and say what is wrong with it."""

from __future__ import annotations

import copy
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.data.tables.columns import Column
from graphrec_cli.data.tables.csv_rows import column_names, unreadable
from graphrec_cli.data.tables.layout import Layout, is_blank, open_lines
from graphrec_cli.data.tables.quotes import quote_fault, quote_hint
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import counted, shorten

if TYPE_CHECKING:
    import pyarrow as pa

NEAR_ROWS = 20_000
"""Rows up to a faulty one whose cells are checked one by one; others are known to be sound."""


def first_fault(
    path: Path,
    columns: Sequence[Column],
    layout: Layout,
    cause: Exception | None,
    sound_rows: int = 0,
) -> DataError:
    """Read the file again line by line, to name the faulty line.

    Args:
        path: the file.
        columns: whose cells are checked.
        layout: how the file is written.
        cause: what a parser raised, None if only a cell is faulty.
        sound_rows: so many first rows are not checked.
    """
    fault = find_fault(path, columns, layout, sound_rows)
    if fault is not None:
        return fault
    long = "straddling" in str(cause)
    reason = "a line has several megabytes" if long else "its lines cannot be told apart"
    return DataError(f"{path} cannot be read as delimited text: {reason}; save it again as csv")


def count_sound_rows(columns: Mapping[Column, pa.ChunkedArray]) -> int:
    """So many first rows have no faulty cell, and the next ``NEAR_ROWS`` have one.

    Args:
        columns: the cells of each column, as text.
    """
    rows = min(map(len, columns.values()))
    sound, faulty = 0, rows
    # Copies, because a column may keep what it learns from the cells.
    while faulty - sound > NEAR_ROWS:
        middle = (sound + faulty) // 2
        if all(_is_sound(copy.copy(column), cells[:middle]) for column, cells in columns.items()):
            sound = middle
        else:
            faulty = middle
    return sound


def _is_sound(column: Column, cells: pa.ChunkedArray) -> bool:
    """Whether no cell is faulty by itself."""
    try:
        return column.array(cells) is not None
    except DataError:  # sound cells that do not fit together
        return True


def find_fault(
    path: Path,
    columns: Sequence[Column],
    layout: Layout,
    sound_rows: int = 0,
    most_rows: int | None = None,
) -> DataError | None:
    """The error for the first faulty line, None without one.

    Args:
        path: the file.
        columns: whose cells are checked.
        layout: how the file is written.
        sound_rows: so many first rows are not checked.
        most_rows: how many rows are checked, None for all.
    """
    owner = "the header has" if layout.names is None else "the layout has"
    read: list[str] = []  # lines of the current row

    def recorded(lines: Iterator[str]) -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line

    with open_lines(path, layout) as lines:
        rows = csv.reader(recorded(lines), strict=True, **layout.dialect)
        try:
            written = map(layout.as_written, rows)
            names = column_names(path, layout, written, columns)
            blanks = 0
            passed = 0
            places = [(column, names.index(column.name)) for column in columns]
            read.clear()
            for row in islice(written, most_rows):
                line = rows.line_num
                where = f"{path}, line {line}"
                joined = read.copy()
                read.clear()
                if is_blank(row):
                    blanks = blanks or (line if row else 0)
                    continue
                passed += 1
                if passed <= sound_rows:
                    continue
                if len(row) != len(names):
                    hint = quote_hint(joined) if layout.quoted and '"' in "".join(joined) else ""
                    if (
                        passed == 1
                        and len(joined) == 1
                        and layout.names is None
                        and len(row) == len(names) + 1
                    ):
                        hint = (
                            "; if each row begins with its number, as R writes it, save the table "
                            "with row.names=FALSE"
                        )
                    if joined[0].startswith(("#", "%")):
                        hint = f"; dataset.comment='{joined[0][0]}' skips such lines"
                    if re.fullmatch(r"\([0-9]+ rows?\)\s*", joined[0]):
                        hint = "; remove psql's count of rows, which \\pset footer off leaves out"
                    return DataError(
                        f"{where}: {counted(len(row), 'field')} where {owner} {len(names)}{hint}"
                    )
                fault = quote_fault(joined, row, places, layout)
                if fault is not None:
                    first = line - len(joined) + 1
                    return DataError(f"{path}, line {first}: {fault}{quote_hint(joined)}")
                for column, place in places:
                    fault = column.fault(row[place])
                    if fault is not None:
                        value = shorten(row[place], 40)
                        if row[place].strip() == column.name and layout.names is None:
                            fault = "the name of the column; it looks like a header line: remove it"
                        return DataError(f"{where}: {column.name} '{value}' is {fault}")
        except csv.Error as error:
            fault_error = unreadable(path, layout, rows.line_num, error, read)
            if len(read) > 1:
                first = rows.line_num - len(read) + 1
                return DataError(f"{fault_error} (the quote in line {first} is not closed)")
            return fault_error
        except DataError as error:
            return error
    if blanks and most_rows is None:  # quoted blanks are a field
        return DataError(f"{path}, line {blanks}: 1 field where {owner} {len(names)}")
    return None
