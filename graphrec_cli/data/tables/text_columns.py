"""Columns that may hold any text or time: ids as they are written, titles, timestamps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.column import parsed_number
from graphrec_cli.errors import DataError

MAX_ID = 256
"""Characters of an id: ids are stored as wide as the longest of them."""
MAX_TITLE = 1_000
"""Characters of a title, for the same reason."""
PER_SECOND = {TimeUnit.s: 1, TimeUnit.ms: 1_000, TimeUnit.us: 1_000_000}
HIGHEST = {TimeUnit.s: 1e11, TimeUnit.ms: 1e14, TimeUnit.us: 1e17}
"""Times below it are taken for that unit: it is the year 5138."""


TOO_LARGE = "too large for a time since 1970 in seconds, milli- or microseconds"


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text that is kept as it is written.

    Attributes:
        name: in the header.
        max_length: characters that a cell may have.
        may_be_empty: whether it may have none, or blanks alone.
    """

    name: str
    max_length: int = MAX_ID
    may_be_empty: bool = False

    @property
    def as_text(self) -> bool:
        """Its cells are wanted as they are written."""
        return True

    def array(self, values: NDArray[np.generic]) -> NDArray[np.object_] | None:
        """The cells, equal ones sharing one object; None if one is faulty."""
        import pandas as pd

        codes, distinct = pd.factorize(values)
        text = pd.Series(distinct, dtype=object).str
        if (text.len() > self.max_length).any() or text.contains("\0", regex=False).any():
            return None
        if not self.may_be_empty and (text.strip() == "").any():
            return None
        return np.asarray(distinct[codes], dtype=object)

    def fault(self, text: str) -> str | None:
        """What is wrong with a cell, None if nothing is."""
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
        unit: how they are written; ``auto`` is a number whose unit its size tells.
    """

    name: str
    unit: TimeUnit

    @property
    def as_text(self) -> bool:
        """Dates are wanted as they are written, numbers as numbers."""
        return self.unit is TimeUnit.date

    def array(self, values: NDArray[np.generic]) -> NDArray[np.int64] | None:
        """Seconds since 1970, rounded down; None if a cell is no time."""
        if self.unit is TimeUnit.date:
            return _seconds_of_dates(values)
        if values.dtype not in (np.int64, np.float64):
            return None
        largest = np.abs(values.astype(np.float64)).max(initial=0.0)
        if not largest < HIGHEST[TimeUnit.us]:
            return None
        unit = self._unit(values, largest) if self.unit is TimeUnit.auto else self.unit
        return np.asarray(values // PER_SECOND[unit], dtype=np.int64)

    def _unit(self, values: NDArray[np.generic], largest: float) -> TimeUnit:
        """The unit that the size of the largest time tells.

        Raises:
            DataError: another time, but for zeros, is so small that it tells a shorter one.
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
                        f"unit, or set dataset.time_unit={unit.name} if it is no mixture"
                    )
                return unit
            below = highest
        raise AssertionError("larger times are refused before")

    def fault(self, text: str) -> str | None:
        """What is wrong with a cell, None if nothing is."""
        if self.unit is TimeUnit.date:
            date = _seconds_of_dates(np.array([text], dtype=object))
            return "no ISO date (2024-01-31 or 2024-01-31T18:30:00)" if date is None else None
        number = parsed_number(text)
        if number is None:
            return "not a number"
        return None if abs(number) < HIGHEST[TimeUnit.us] else TOO_LARGE


def _seconds_of_dates(values: NDArray[np.generic]) -> NDArray[np.int64] | None:
    import pandas as pd

    parsed = pd.to_datetime(pd.Series(values), format="ISO8601", utc=True, errors="coerce")
    if parsed.isna().any():
        return None
    return parsed.to_numpy(dtype="datetime64[s]").astype(np.int64)
