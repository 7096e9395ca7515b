"""The content of a table by an independent reader: Python's csv module, cell by cell."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

import numpy as np

COLUMNS = ("user_id", "item_id", "rating", "timestamp")
HIGHEST_RATING = float(np.finfo(np.float32).max)
PLAIN_DATE = re.compile(
    r"(19|20)\d\d-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
NO_IDS = (
    *("nan", "NaN", "NULL", "null", "None", "\\N", "<NA>", "NaT", "N/A", "n/a", "#N/A"),
    *("#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#####"),
)
ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+\d+", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Faulty(Exception):
    """The table must be refused.

    Attributes:
        line: of the first fault, None if it does not belong to one line.
    """

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


@dataclass(slots=True)
class Reading:
    """The content of a table.

    Attributes:
        users, items: ids as written, one per row.
        ratings: None without such a column.
        times: nanoseconds since 1970, None without such a column or if it is ambiguous.
        sure: whether every reader must accept the table; an ambiguous one may be refused.
    """

    users: list[str]
    items: list[str]
    ratings: list[float] | None
    times: list[int] | None
    sure: bool


def read_table(
    content: bytes, *, separator: str, quoted: bool, encoding: str, columns: Sequence[str]
) -> Reading:
    """Read the unpacked bytes of a table.

    Args:
        columns: those of ``COLUMNS`` to read, always with the first two.

    Raises:
        Faulty: they must be refused.
    """
    if b"\0" in content:
        raise Faulty("a NUL byte")
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise Faulty("wrong bytes") from error
    rows, sure = split_rows(text, separator, quoted)
    if not rows or not rows[0][1]:
        raise Faulty("no header")
    header = [name.strip() for name in rows[0][1]]
    if len(header) > 10_000:
        raise Faulty("an absurd header")
    places = [_place(header, name) for name in columns]
    body = [(line, row) for line, row in rows[1:] if not is_blank(row)]
    if not body:
        raise Faulty("no rows")
    certain = sure = sure and not body[0][1][0].startswith("\ufeff")  # a misplaced byte-order mark
    for line, row in body:
        # If a reader may refuse an earlier line, the number is not known.
        known = line if sure else None
        if len(row) != len(header):
            raise Faulty(f"{len(row)} fields", known)
        for name, place in zip(columns, places, strict=True):
            _check_cell(name, row[place], known, quoted)
            sure = sure and (name != "timestamp" or row[place].isdecimal())
    sure = certain
    cells = {
        name: [row[place] for _, row in body] for name, place in zip(columns, places, strict=True)
    }
    users, items = ([cell.strip() for cell in cells[name]] for name in ("user_id", "item_id"))
    reading = Reading(users, items, None, None, sure)
    if "rating" in cells:
        reading.ratings = [float(np.float32(float(cell))) for cell in cells["rating"]]
        reading.sure &= not any(map(_is_long, cells["rating"]))
    if "timestamp" in cells:
        reading.times = _times(cells["timestamp"])
        reading.sure &= reading.times is not None
    return reading


def number(cell: str) -> float | None:
    """A number in ASCII, None if the cell is not a finite number."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if cell.isascii() and "_" not in cell and math.isfinite(value) else None


def split_rows(text: str, separator: str, quoted: bool) -> tuple[list[tuple[int, list[str]]], bool]:
    """Rows with the numbers of their last lines, and whether they are unambiguous."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    lone_return = re.search("\r(?!\n)", text) is not None

    def parse(strict: bool) -> list[tuple[int, list[str]]]:
        stream = io.StringIO(text, newline="" if lone_return else "\n")
        reader = csv.reader(stream, delimiter=separator, quoting=quoting, strict=strict)
        # Millions of empty lines would take gigabytes; only the first one matters.
        return [(reader.line_num, row) for row in reader if row or reader.line_num == 1]

    with _any_length():
        try:
            rows, sure = parse(strict=True), not lone_return
        except csv.Error:
            rows, sure = parse(strict=False), False
    return rows, sure and all(len(cell) < 130_000 for _, row in rows for cell in row)


@contextmanager
def _any_length() -> Iterator[None]:
    before = csv.field_size_limit(2**30)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def is_blank(row: list[str]) -> bool:
    """Whether a row is an empty line, or one of spaces and tabs."""
    return not row or (len(row) == 1 and bool(row[0]) and not row[0].strip(" \t"))


def _place(header: list[str], name: str) -> int:
    names = {name, *(f"{name}:{kind}" for kind in ("token", "token_seq", "float", "float_seq"))}
    found = [place for place, column in enumerate(header) if column in names]
    if len(found) != 1:
        raise Faulty(f"no column {name}")
    return found[0]


def _check_cell(name: str, cell: str, line: int | None, quoted: bool) -> None:
    if name in ("user_id", "item_id"):
        bare = cell.strip()
        if len(bare) > 256 or not bare:
            raise Faulty(f"{name} of {len(bare)} characters", line)
        if "\n" in bare:
            raise Faulty(f"{name} with a line break")
        if bare in NO_IDS or any(mark in bare for mark in "\ufeff\u200b\u2060"):
            raise Faulty(f"{name} {bare!r}", line)
        if ROUNDED.fullmatch(bare):
            raise Faulty(f"the rounded {name} {bare!r}", line)
        pair = bare[0] + bare[-1]
        in_quotes = pair in ('""', "''", "“”", "\u2018\u2019") and len(bare) > 1
        if quoted and in_quotes and not {bare[0], bare[-1]} & set(bare[1:-1]):
            raise Faulty(f"{name} {bare!r} in quotes", line)
    elif name == "rating":
        value = number(cell)
        if value is None or abs(value) > HIGHEST_RATING:
            raise Faulty(f"the rating {cell[:40]!r}", line)


def _is_long(cell: str) -> bool:
    return abs(float(cell)) >= 2**63


def _times(cells: list[str]) -> list[int] | None:
    """Nanoseconds by the documented rule: dates if most of the first cells are not numbers.

    None if it is unclear.
    """
    head = cells[:100]
    if 2 * sum(number(cell) is None for cell in head) > len(head):
        if not all(PLAIN_DATE.fullmatch(cell) for cell in cells):
            return None
        try:
            dates = [datetime.fromisoformat(cell) for cell in cells]
        except ValueError as error:
            raise Faulty("a day that no calendar has") from error
        zoned = [date if date.tzinfo else date.replace(tzinfo=UTC) for date in dates]
        return _in_range([(date - EPOCH) // timedelta(microseconds=1) * 1000 for date in zoned])
    if any(number(cell) is None for cell in cells):
        raise Faulty("a time that is not a number")
    if any(abs(float(cell)) >= 1e25 for cell in cells):
        raise Faulty("a time too large")
    numbers = [Fraction(cell) for cell in cells]
    if all(19_000_101 <= value <= 21_001_231 for value in numbers):
        return None  # perhaps dates
    largest = max(map(abs, numbers))
    units = (
        (10**9, 0, 10**11),
        (10**6, 10**11, 10**14),
        (10**3, 10**14, 10**17),
        (1, 10**17, 2**63),
    )
    found = next(((unit, below) for unit, below, end in units if largest < end), None)
    if found is None:
        raise Faulty("a time too large")
    if any(value != 0 and abs(value) < found[1] for value in numbers):
        raise Faulty("units of time mixed")
    return _in_range([math.floor(value * found[0]) for value in numbers])


def _in_range(times: list[int]) -> list[int]:
    years = [datetime(year, 1, 1, tzinfo=UTC) for year in (1678, 2262)]
    first, end = ((year - EPOCH) // timedelta(microseconds=1) * 1000 for year in years)
    if not all(first <= time < end for time in times):
        raise Faulty("a time outside the years 1678 to 2261")
    return times
