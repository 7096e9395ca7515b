"""A column of points in time: numbers of any unit, ISO dates, or texts of a given format."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.cells import (
    distinct_texts,
    floor_of,
    is_missing,
    parsed_number,
    parsed_numbers,
    present_cells,
    scaled_numbers,
)
from graphrec_cli.data.tables.columns import EMPTY
from graphrec_cli.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("graphrec")

NO_TIME = int(np.iinfo(np.int64).min)
"""The time of a missing cell, which is also numpy's NaT."""
UNIT_NAMES = {
    TimeUnit.s: "seconds",
    TimeUnit.ms: "milliseconds",
    TimeUnit.us: "microseconds",
    TimeUnit.ns: "nanoseconds",
}
DIGITS = {TimeUnit.s: 9, TimeUnit.ms: 6, TimeUnit.us: 3, TimeUnit.ns: 0}
"""Decimal places of the unit that a nanosecond is."""
BELOW = {TimeUnit.s: 1e11, TimeUnit.ms: 1e14, TimeUnit.us: 1e17, TimeUnit.ns: 2.0**63}
"""Smaller numbers are times in that unit."""
FIRST = int(np.datetime64("1678-01-01", "ns").astype(np.int64))
END = int(np.datetime64("2262-01-01", "ns").astype(np.int64))
"""Times from FIRST to before END are accepted: nanoseconds in int64 reach little further."""
OUTSIDE = "outside the years 1678 to 2261"
NO_DATE = "not an ISO date (2024-01-31 or 2024-01-31T18:30:00)"
HEAD = 100
"""Cells that decide whether a column has numbers or dates."""
_NAMED_UTC = re.compile(r" ?(UTC|GMT)$")
_NO_DATES = ("now", "today")
"""Texts that pandas reads as the time of reading."""


class TimeColumn:
    """A column of points in time. One object checks the cells of one file.

    Attributes:
        name: in the header.
        unit: how they are written; ``auto`` is decided by most of the first cells, numbers by
            their size.
        time_format: the strptime format of all cells, None for ``unit``.
        may_be_missing: whether a cell may be empty; its time is NO_TIME.
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
        self._found = unit
        self._are_dates = unit is TimeUnit.date if unit is not TimeUnit.auto else None

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
            return _times_of_arrow(cells)
        if self.time_format is None and self.unit is TimeUnit.auto:
            self._are_dates = _mostly_dates(cells)
        if self.time_format is not None or self._are_dates:
            return self._dates(cells)
        values = parsed_numbers(cells)
        if values is None:
            return None
        if self.unit is TimeUnit.auto:
            if _are_days(values):
                log.info(
                    "%s: numbers such as %d are read as dates; dataset.time_unit=s makes them "
                    "seconds",
                    self.name,
                    values[0],
                )
                return self._dates(pa.chunked_array([pa.array(values.astype(np.int64))]))
            largest = np.abs(values.astype(np.float64)).max(initial=0.0)
            if not largest < BELOW[TimeUnit.ns]:
                return None
            self._found = self._unit(values, largest, rows)
        return _within(_nanoseconds(cells, values, self._found))

    def _dates(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        texts, place = distinct_texts(cells)
        times = _of_datetimes(_times_of_dates(texts, self.time_format))
        return None if times is None else times[place]

    def _unit(
        self, values: NDArray[np.generic], largest: float, rows: NDArray[np.int64]
    ) -> TimeUnit:
        """Infer the unit from the largest time.

        Raises:
            DataError: another time, except zero, is so small that its unit must be a different one.
        """
        below = 0.0
        for unit, highest in BELOW.items():
            if largest < highest:
                small = (values != 0) & (np.abs(values.astype(np.float64)) < below)
                if small.any():
                    place = int(np.flatnonzero(small)[0])
                    raise DataError(
                        f"{self.name} mixes units of time: its largest value is in "
                        f"{unit.name}, and row {rows[place] + 1} has {values[place]}; write all in "
                        f"one unit, or set dataset.time_unit={unit.name} if all are"
                    )
                return unit
            below = highest
        raise AssertionError("larger times are refused before")

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none; cells are given in their order."""
        if self.may_be_missing and is_missing(text):
            return None
        if not text.strip():
            return EMPTY
        number = parsed_number(text)
        if self._are_dates is None:  # the file could not be parsed: its first cell decides
            self._are_dates = number is None
        if self.time_format is not None or self._are_dates:
            times = _times_of_dates(np.array([text], dtype=object), self.time_format)
            if times is None:
                return f"not in the format {self.time_format}" if self.time_format else NO_DATE
            return None if _of_datetimes(times) is not None else OUTSIDE
        if number is None:
            return "not a number"
        if not abs(number) < 1e30:
            return OUTSIDE
        unit = self._found
        if unit is TimeUnit.auto:
            unit = next((unit for unit, end in BELOW.items() if abs(number) < end), TimeUnit.ns)
        within = FIRST <= floor_of(text, DIGITS[unit]) < END
        return None if within else f"{OUTSIDE}, read as {UNIT_NAMES[unit]} since 1970"


def _mostly_dates(cells: pa.ChunkedArray) -> bool:
    """Whether the column has dates: most of its first cells that are not empty are no numbers."""
    import pyarrow as pa

    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        return False
    head = [text for text in cells.slice(0, HEAD).to_pylist() if not is_missing(text)]
    return 2 * sum(parsed_number(text) is None for text in head) > len(head)


def _are_days(values: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    """Whether all numbers are dates of eight digits, such as 20191009, from 1900 to 2100."""
    if not len(values) or not ((values >= 19_000_101) & (values <= 21_001_231)).all():
        return False
    whole = values.astype(np.int64)
    if (whole != values).any():
        return False
    days = np.unique(whole)
    month = days // 100 % 100
    valid = (month >= 1) & (month <= 12)
    first = ((days // 10_000 - 1970) * 12 + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    return bool((valid & (days % 100 >= 1) & (days % 100 <= length)).all())


def _nanoseconds(
    cells: pa.ChunkedArray, values: NDArray[np.int64] | NDArray[np.float64], unit: TimeUnit
) -> NDArray[np.int64] | None:
    """Numbers of a unit, whose ``values`` may be rounded; None beyond the range of int64."""
    import pyarrow as pa

    factor: int = 10 ** DIGITS[unit]
    if pa.types.is_uint64(cells.type):
        try:
            values = np.asarray(cells.cast("int64").to_numpy())
        except pa.ArrowInvalid:
            return None
    if values.dtype == np.int64:
        limit = 2**63 // factor - 1
        whole = values.astype(np.int64)
        return whole * factor if ((whole >= -limit) & (whole <= limit)).all() else None
    if not (np.abs(values) < 2.0**63 / factor).all():
        return None
    if not pa.types.is_floating(cells.type):
        return scaled_numbers(cells, DIGITS[unit])
    floor = np.floor(values)
    rest = np.rint((values - floor) * factor).astype(np.int64)
    return floor.astype(np.int64) * factor + rest


def _times_of_arrow(cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """Nanoseconds of parquet's dates and times, whatever their unit; None beyond int64."""
    import pyarrow as pa

    if pa.types.is_date(cells.type):
        cells = cells.cast(pa.timestamp("ms"))
    times = cells.cast("int64").to_numpy()
    return _within(_nanoseconds(cells, times, TimeUnit[cells.type.unit]))


def _times_of_dates(
    texts: NDArray[np.object_], time_format: str | None
) -> NDArray[np.datetime64] | None:
    """The times that texts stand for, in any unit, UTC without a zone; None if one fails."""
    import pandas as pd

    bare = [text.strip() for text in texts]
    if any(text.lower() in _NO_DATES for text in bare):
        return None
    if time_format is None:
        bare = [_NAMED_UTC.sub("+00:00", text) for text in bare]
    parsed = pd.to_datetime(
        pd.Series(bare, dtype=object), format=time_format or "ISO8601", utc=True, errors="coerce"
    )
    if parsed.isna().any():
        return None
    times: NDArray[np.datetime64] = parsed.dt.tz_localize(None).to_numpy()
    return times


def _of_datetimes(times: NDArray[np.datetime64] | None) -> NDArray[np.int64] | None:
    """Nanoseconds since 1970, None outside the years that are accepted."""
    if times is None:
        return None
    seconds = times.astype("datetime64[s]").astype(np.int64)
    if ((seconds < FIRST // 10**9) | (seconds >= END // 10**9)).any():
        return None
    return times.astype("datetime64[ns]").astype(np.int64)


def _within(times: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """The times, None outside the years that are accepted."""
    return times if times is not None and ((times >= FIRST) & (times < END)).all() else None
