"""Chosen columns of a delimited file as checked arrays, and the first faulty line if one fails."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.column import Column, ColumnArray, column_array, parsed_number
from graphrec_cli.data.tables.layout import CSV, Layout, is_blank, open_lines, open_text
from graphrec_cli.errors import DataError

Rows: TypeAlias = Iterator[list[str]]
MAX_ID = int(np.iinfo(np.int64).max)
MAX_COLUMNS = 10_000
"""Fields of a header line: a file of more is none of interactions, and pandas takes for ever."""


@dataclass(frozen=True, slots=True)
class IdColumn:
    """A column of whole numbers from 0 to the largest int64."""

    name: str

    @property
    def as_text(self) -> bool:
        """Its cells are wanted as numbers."""
        return False

    def array(self, values: NDArray[np.generic]) -> NDArray[np.int64] | None:
        """A copy of parsed values, None if one of them is no id."""
        ids = np.array(values, dtype=np.int64) if values.dtype == np.int64 else None
        return ids if ids is not None and (ids >= 0).all() else None

    def fault(self, text: str) -> str | None:
        """What is wrong with a cell, None if nothing is."""
        if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text, re.ASCII):
            return "not a whole number"
        # Python refuses to convert thousands of digits, so their number is looked at first.
        digits = text.strip().lstrip("+-").lstrip("0")
        within = len(digits) <= len(str(MAX_ID)) and 0 <= int(text) <= MAX_ID
        return None if within else f"outside 0..{MAX_ID}"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of finite numbers in a closed interval."""

    name: str
    low: float
    high: float

    @property
    def as_text(self) -> bool:
        """Its cells are wanted as numbers."""
        return False

    def array(self, values: NDArray[np.generic]) -> NDArray[np.float32] | None:
        """A copy of parsed values, None if one of them is NaN or outside the interval."""
        if values.dtype not in (np.int64, np.float64):
            return None
        numbers = np.array(values, dtype=np.float64)
        within = ((numbers >= self.low) & (numbers <= self.high)).all()
        return numbers.astype(np.float32) if within else None

    def fault(self, text: str) -> str | None:
        """What is wrong with a cell, None if nothing is."""
        number = parsed_number(text)
        if number is None:
            return "not a number"
        return None if self.low <= number <= self.high else f"outside {self.low:g}..{self.high:g}"


def read_csv_columns(
    path: Path, columns: Sequence[Column], layout: Layout = CSV
) -> dict[str, ColumnArray]:
    """Read columns by their names, whatever their order in the file.

    Args:
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip, its lines ended by LF or CRLF.
        columns: what to read; other columns are left.
        layout: how its lines are written; by default comma separated, in UTF-8 with or without a
            byte-order mark, below a header line.

    Returns:
        By name: int64 for an IdColumn, float32 for a NumberColumn, and what other columns make of
        their cells, each of shape (rows,).

    Raises:
        DataError: the file is damaged or empty, lacks a column, or holds a faulty line, which is
            named by its number.
    """
    import pandas as pd

    with open_text(path, layout) as (text, stream):
        try:
            names = _names(path, layout, csv.reader(text, **layout.dialect), columns)
            line, first_row = _first_row(path, layout)
            # Pandas would make an index of the first columns, and take for ever for a million.
            if len(first_row) > len(names):
                raise _first_fault(path, columns, layout, None)
            # Pandas is handed the text below the header, and drops a mark that begins it.
            if first_row and first_row[0].startswith("\ufeff"):
                raise DataError(f"{path}, line {line}: a byte-order mark in mid-file; remove it")
            # No usecols: lines with too many fields would pass unseen. Numbers have no dtype: asked
            # for int64, pandas takes 1e5 and 1.0 for ids, and then all ids through float64.
            frame = pd.read_csv(
                text,
                header=None,
                names=names,
                engine="c",
                dtype={column.name: object for column in columns if column.as_text},
                na_filter=False,
                low_memory=False,
                sep=layout.delimiter,
                quoting=layout.quoting,
            )
            sound = not stream.has_nul
        except pd.errors.EmptyDataError as error:
            wanted = ", ".join(column.name for column in columns)
            raise DataError(f"{path} is empty; lines with {wanted} are wanted") from error
        except (ValueError, OverflowError, csv.Error) as error:
            raise _first_fault(path, columns, layout, error) from error
    if sound and frame.empty:
        header = "a header line" if layout.names is None else "blank lines"
        raise DataError(f"{path} holds {header} and no rows")
    arrays: dict[str, ColumnArray] = {}
    for column in columns:
        array = column_array(column, frame[column.name].to_numpy(), path) if sound else None
        if array is None:
            raise _first_fault(path, columns, layout, None)
        arrays[column.name] = array
    # Pandas fills a line that is too short with empty cells.
    if (frame.iloc[:, -1] == "").any() and _has_short_row(path, layout, len(names)):
        raise _first_fault(path, columns, layout, None)
    return arrays


def read_head(path: Path, layout: Layout) -> tuple[list[str], list[str]]:
    """Names of all columns, and the first row below them, [] where there is none.

    Raises:
        DataError: the file is damaged, empty or not of the layout's encoding, or names a column
            twice.
    """
    with open_lines(path, layout) as lines:
        rows = _rows(path, layout, lines)
        names = _names(path, layout, rows, [])
        return names, next((row for row in rows if not is_blank(row)), [])


def _rows(path: Path, layout: Layout, lines: Iterator[str]) -> Rows:
    """The rows of text, line by line.

    Raises:
        DataError: naming the line that cannot be parted, such as one of a megabyte.
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
        raise DataError(f"{path} is empty; a header line{what} is wanted")
    missing = [name for name in wanted if name not in header]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}; its header line has "
            f"{_shown(', '.join(header), 200)}"
        )
    if len(header) > MAX_COLUMNS:
        have = f"has {len(header):,} fields in its header line"
        raise DataError(f"{path} {have}, more than {MAX_COLUMNS:,}; no table of interactions has")
    repeated = [name for name, times in Counter(header).items() if times > 1]
    if repeated:
        shown = _shown(repeated[0], 40)
        raise DataError(f"{path} names the column '{shown}' twice in its header line")
    return header


def _first_row(path: Path, layout: Layout) -> tuple[int, list[str]]:
    """The first row below the header and the number of its line, [] if there is none."""
    with open_text(path, layout) as (text, _):
        rows = csv.reader(text, **layout.dialect)
        if layout.names is None:
            next(rows, [])
        first_row = next((row for row in rows if not is_blank(row)), [])
        return rows.line_num, first_row


def _has_short_row(path: Path, layout: Layout, length: int) -> bool:
    with open_text(path, layout) as (text, _):
        rows = _rows(path, layout, text)
        return any(len(row) < length and not is_blank(row) for row in rows)


def _first_fault(
    path: Path,
    columns: Sequence[Column],
    layout: Layout,
    cause: Exception | None,
) -> DataError:
    """Read the file again line by line: slow, exact, and only done to word an error."""
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
                        value = _shown(row[place], 40)
                        return DataError(f"{where}: {column.name} '{value}' is {fault}")
        except csv.Error as error:
            return DataError(f"{path}, line {rows.line_num}: {error}")
        except DataError as error:
            return error
    if blanks and cause is None:  # quotes around them make a field of them
        return DataError(f"{path}, line {blanks}: 1 fields where {owner} {len(names)}")
    reason = " ".join(str(cause).split()) if cause is not None else "a check failed"
    return DataError(f"{path} cannot be read as csv: {reason}")


def _shown(text: str, width: int) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= width else f"{printable[:width]}..."
