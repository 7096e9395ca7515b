"""A column of points in time: numbers of any unit, ISO dates, or texts of a given format."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.iso_time import nanoseconds_of
from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.cells import (
    distinct_texts,
    floor_of,
    is_missing,
    parsed_number,
    parsed_numbers,
    present_cells,
)
from graphrec_cli.data.tables.columns import EMPTY, NOT_A_NUMBER, IdColumn, not_a_number
from graphrec_cli.data.tables.time_values import (
    DIGITS,
    END,
    FIRST,
    ROUNDED,
    any_rounded,
    are_days,
    describe_other_kind,
    nanoseconds_of_arrow,
    nanoseconds_of_dates,
    nanoseconds_of_numbers,
    parsed_dates,
    within_range,
)
from graphrec_cli.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

NO_TIME = int(np.iinfo(np.int64).min)
"""The time of a missing cell, which is also numpy's NaT."""
UNIT_NAMES = {
    TimeUnit.s: "seconds",
    TimeUnit.ms: "milliseconds",
    TimeUnit.us: "microseconds",
    TimeUnit.ns: "nanoseconds",
}
BELOW = {TimeUnit.s: 1e11, TimeUnit.ms: 1e14, TimeUnit.us: 1e17, TimeUnit.ns: 2.0**63}
"""Smaller numbers are times in that unit."""
OUTSIDE = "outside the years 1678 to 2261"
NO_DATE = "not an ISO date (2024-01-31 or 2024-01-31T18:30:00)"
HEAD = 100
"""Cells that decide whether a column has numbers or dates."""


class TimeColumn:
    """A column of points in time. One object checks the cells of one file.

    Attributes:
        name: in the header.
        unit: how they are written; ``auto`` is decided by most of the first cells, numbers by
            their size.
        time_format: the strptime format of all cells, None for ``unit``.
        may_be_missing: whether a cell may be empty; its time is NO_TIME.
        note: a line to log about how the cells were understood, None if it goes without saying.
    """

    def __init__(
        self,
        name: str,
        unit: TimeUnit,
        *,
        time_format: str | None = None,
        may_be_missing: bool = False,
    ) -> None:
        self.name = name
        self.unit = unit
        self.time_format = time_format
        self.may_be_missing = may_be_missing
        self.note: str | None = None
        self._found = unit
        self._are_dates = unit is TimeUnit.date if unit is not TimeUnit.auto else None

    @property
    def has_dates(self) -> bool | None:
        """Whether the cells are dates, not numbers; None before that is decided."""
        return self._are_dates

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        """Nanoseconds since 1970, finer times rounded down; None if a cell is not a time.

        Raises:
            DataError: numbers are in different units.
        """
        if not self.may_be_missing:
            return self._times(cells, np.arange(len(cells)))
        present, rows = present_cells(cells)
        array = np.full(len(cells), NO_TIME)
        if not len(rows):
            return array
        times = self._times(present, rows)
        if times is None:
            return None
        array[rows] = times
        return array

    def _times(self, cells: pa.ChunkedArray, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
        import pyarrow as pa

        if pa.types.is_temporal(cells.type):
            return nanoseconds_of_arrow(cells)
        if self.time_format is None and self.unit is TimeUnit.auto:
            self.decide(_head(cells))
        if self.time_format is not None or self._are_dates:
            return self._dates(cells)
        values = parsed_numbers(cells)
        if values is None or (values.dtype != np.int64 and any_rounded(cells)):
            return None
        if self.unit is TimeUnit.auto:
            if are_days(values):
                self.note = (
                    f"{self.name}: numbers such as {int(values[0])} are read as dates; "
                    "dataset.time_unit=s makes them seconds"
                )
                return self._dates(pa.chunked_array([pa.array(values.astype(np.int64))]))
            self._refuse_dates(values)
            largest = max(float(values.max(initial=0)), -float(values.min(initial=0)))
            if not largest < BELOW[TimeUnit.ns]:
                return None
            self._found = self._unit(values, largest, rows)
        return within_range(nanoseconds_of_numbers(cells, values, self._found))

    def _dates(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        texts, place = distinct_texts(cells)
        times = nanoseconds_of_dates(parsed_dates(texts, self.time_format))
        return None if times is None else times[place]

    def _unit(
        self,
        values: NDArray[np.int64] | NDArray[np.float64],
        largest: float,
        rows: NDArray[np.int64],
    ) -> TimeUnit:
        """Infer the unit from the largest time.

        Raises:
            DataError: another time, except zero, is so small that its unit must be a different one.
        """
        below = 0.0
        for unit, highest in BELOW.items():
            if largest < highest:
                small = (values != 0) & (values > -below) & (values < below)
                if below and small.any():
                    place = int(np.flatnonzero(small)[0])
                    raise DataError(
                        f"{self.name} mixes units of time: its largest value is in "
                        f"{unit.name}, and row {rows[place] + 1} has {values[place]}; write all in "
                        f"one unit, or set dataset.time_unit={unit.name} if all are"
                    )
                return unit
            below = highest
        raise AssertionError("larger times are refused before")

    def decide(self, head: Sequence[str]) -> None:
        """Decide from the first cells whether an ``auto`` column has dates: most are no numbers.

        Raises:
            DataError: the cells are numbers that look like dates.
        """
        if self.unit is not TimeUnit.auto:
            return
        head = [text for text in head if not is_missing(text)][:HEAD]
        numbers = [number for text in head if (number := parsed_number(text)) is not None]
        self._are_dates = 2 * len(numbers) < len(head)
        if self.time_format is None and len(numbers) == len(head):
            self._refuse_dates(np.array(numbers))

    def _refuse_dates(self, values: NDArray[np.int64] | NDArray[np.float64]) -> None:
        """Refuse numbers that look like dates, or like a count from another year than 1970."""
        other = describe_other_kind(values)
        if other is not None:
            raise DataError(f"{self.name}: numbers such as {int(values[0])} look like {other}")

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none; cells are given in their order."""
        if self.may_be_missing and is_missing(text):
            return None
        if not text.strip():
            return EMPTY
        number = parsed_number(text)
        if self._are_dates is None:  # the file could not be parsed: its first cell decides
            self._are_dates = number is None
        if self.time_format is None and self._are_dates:
            with suppress(ValueError):  # common dates, far faster than below
                nanoseconds_of(text)
                return None
        if self.time_format is not None or self._are_dates:
            times = parsed_dates(np.array([text], dtype=object), self.time_format)
            if times is None and self.time_format is not None:
                zone = "%Z" in self.time_format
                hint = "; of zones by name only UTC and GMT are read, others as +0200 with %z"
                return f"not in the format {self.time_format}{hint if zone else ''}"
            if times is None:
                fault = not_a_number(text)
                return NO_DATE if fault == NOT_A_NUMBER else fault
            return None if nanoseconds_of_dates(times) is not None else OUTSIDE
        if number is None:
            return not_a_number(text)
        if ROUNDED.fullmatch(text.strip()):
            return "a time that a spreadsheet has rounded; export the column as text"
        if not abs(number) < 1e30:
            return OUTSIDE
        unit = self._found
        if unit is TimeUnit.auto:
            unit = next((unit for unit, end in BELOW.items() if abs(number) < end), TimeUnit.ns)
        within = FIRST <= floor_of(text, DIGITS[unit]) < END
        return None if within else f"{OUTSIDE}, read as {UNIT_NAMES[unit]} since 1970"


@dataclass(frozen=True, slots=True)
class SecondsColumn:
    """A column of whole seconds since 1970, none before."""

    name: str

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        """Nanoseconds since 1970, None if a cell is faulty."""
        seconds = IdColumn(self.name).array(cells)
        if seconds is None or not (seconds < END // 10**9).all():
            return None
        return seconds * 10**9

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        fault = IdColumn(self.name).fault(text)
        if fault is None and int(text) >= END // 10**9:
            return f"{OUTSIDE}, read as seconds since 1970"
        return fault


def _head(cells: pa.ChunkedArray) -> list[str]:
    """The first cells, if they are text."""
    import pyarrow as pa

    is_text = pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
    return cells.slice(0, HEAD).to_pylist() if is_text else []
