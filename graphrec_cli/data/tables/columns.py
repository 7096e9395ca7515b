"""Kinds of columns: which cells they accept, and their arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.cells import distinct_texts, parsed_number, parsed_numbers
from graphrec_cli.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

ColumnArray: TypeAlias = NDArray[np.int64] | NDArray[np.float32] | NDArray[np.object_]

MAX_ID_LENGTH = 256
"""Maximum length of an id in characters: ids are stored as wide as the longest."""
MAX_TITLE_LENGTH = 1_000
"""Maximum length of a title in characters."""
MAX_WHOLE_ID = int(np.iinfo(np.int64).max)
PER_SECOND = {TimeUnit.s: 1, TimeUnit.ms: 1_000, TimeUnit.us: 1_000_000}
HIGHEST = {TimeUnit.s: 1e11, TimeUnit.ms: 1e14, TimeUnit.us: 1e17}
"""Smaller numbers are times in that unit; the limit is the year 5138."""
TOO_LARGE = "too large for a time since 1970 in seconds, milli- or microseconds"


@runtime_checkable
class Column(Protocol):
    """A column to read, with a check of its cells."""

    @property
    def name(self) -> str:
        """The name in the header."""

    def array(self, cells: pa.ChunkedArray) -> ColumnArray | None:
        """The values of the rows, None if a cell is faulty."""

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""


def column_array(column: Column, cells: pa.ChunkedArray, path: Path) -> ColumnArray | None:
    """``column.array(cells)``; an error names the file.

    Raises:
        DataError: each cell is valid, but they do not fit together.
    """
    try:
        return column.array(cells)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class IdColumn:
    """A column of whole numbers from 0 to the largest int64."""

    name: str

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        """The ids, None if a cell is faulty."""
        ids = parsed_numbers(cells)
        sound = ids is not None and ids.dtype == np.int64 and (ids >= 0).all()
        return np.array(ids, dtype=np.int64) if sound else None

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text, re.ASCII):
            return "not a whole number"
        # int() refuses thousands of digits, so check their number first.
        digits = text.strip().lstrip("+-").lstrip("0")
        small = len(digits) <= len(str(MAX_WHOLE_ID)) and int(digits or "0") <= MAX_WHOLE_ID
        within = small and not (digits and text.lstrip().startswith("-"))
        return None if within else f"outside 0..{MAX_WHOLE_ID}"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of finite numbers in a closed interval."""

    name: str
    low: float
    high: float

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.float32] | None:
        """The numbers, None if a cell is faulty."""
        numbers = parsed_numbers(cells)
        if numbers is None or not ((numbers >= self.low) & (numbers <= self.high)).all():
            return None
        return numbers.astype(np.float64).astype(np.float32)

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        number = parsed_number(text)
        if number is None:
            return "not a number"
        return None if self.low <= number <= self.high else f"outside {self.low:g}..{self.high:g}"


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text that is kept as it is written.

    Attributes:
        name: in the header.
        max_length: characters that a cell may have.
        may_be_empty: whether a cell may be empty or blank.
    """

    name: str
    max_length: int = MAX_ID_LENGTH
    may_be_empty: bool = False

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.object_] | None:
        """The texts, equal ones sharing one object; None if a cell is faulty."""
        texts, place = distinct_texts(cells)
        sound = all(self.fault(text) is None for text in texts)
        return texts[place] if sound else None

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if len(text) > self.max_length:
            return f"longer than {self.max_length} characters"
        if "\0" in text:
            return "damaged by a NUL character"
        return None if text.strip() or self.may_be_empty else "empty"


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A column of points in time.

    Attributes:
        name: in the header.
        unit: how they are written; ``auto`` is a number whose size determines the unit.
    """

    name: str
    unit: TimeUnit

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        """Seconds since 1970, rounded down; None if a cell is not a time."""
        if self.unit is TimeUnit.date:
            texts, place = distinct_texts(cells)
            seconds = _seconds_of_dates(texts)
            return None if seconds is None else seconds[place]
        values = parsed_numbers(cells)
        if values is None:
            return None
        largest = np.abs(values.astype(np.float64)).max(initial=0.0)
        if not largest < HIGHEST[TimeUnit.us]:
            return None
        unit = self._unit(values, largest) if self.unit is TimeUnit.auto else self.unit
        return np.asarray(values // PER_SECOND[unit], dtype=np.int64)

    def _unit(self, values: NDArray[np.generic], largest: float) -> TimeUnit:
        """Infer the unit from the largest time.

        Raises:
            DataError: another time, except zero, is so small that its unit must be a different one.
        """
        below = 0.0
        for unit, highest in HIGHEST.items():
            if largest < highest:
                small = (values != 0) & (np.abs(values.astype(np.float64)) < below)
                if small.any():
                    place = int(np.flatnonzero(small)[0])
                    raise DataError(
                        f"{self.name} mixes units of time: its largest value is in "
                        f"{unit.name}, and row {place + 1} has {values[place]}; write all in one "
                        f"unit, or set dataset.time_unit={unit.name} if all are"
                    )
                return unit
            below = highest
        raise AssertionError("larger times are refused before")

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if self.unit is TimeUnit.date:
            date = _seconds_of_dates(np.array([text], dtype=object))
            return "not an ISO date (2024-01-31 or 2024-01-31T18:30:00)" if date is None else None
        number = parsed_number(text)
        if number is None:
            return "not a number"
        return None if abs(number) < HIGHEST[TimeUnit.us] else TOO_LARGE


def _seconds_of_dates(texts: NDArray[np.object_]) -> NDArray[np.int64] | None:
    import pandas as pd

    parsed = pd.to_datetime(pd.Series(texts), format="ISO8601", utc=True, errors="coerce")
    if parsed.isna().any():
        return None
    return parsed.to_numpy(dtype="datetime64[s]").astype(np.int64)
