"""Numbers, dates and texts as nanoseconds since 1970, converted exactly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.distinct import distinct
from graphrec_cli.data.tables.cells import scaled_numbers

if TYPE_CHECKING:
    import pyarrow as pa

DIGITS = {TimeUnit.s: 9, TimeUnit.ms: 6, TimeUnit.us: 3, TimeUnit.ns: 0}
"""Decimal places of the unit that a nanosecond is."""
FIRST = int(np.datetime64("1678-01-01", "ns").astype(np.int64))
END = int(np.datetime64("2262-01-01", "ns").astype(np.int64))
"""Times from FIRST to before END are accepted: nanoseconds in int64 reach little further."""
_NAMED_UTC = re.compile(r" ?(UTC|GMT)$")
_NO_DATES = ("now", "today")
"""Texts that pandas reads as the time of reading."""


def are_days(values: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    """Whether all numbers are dates of eight digits, such as 20191009, from 1900 to 2100."""
    if not len(values) or not ((values >= 19_000_101) & (values <= 21_001_231)).all():
        return False
    whole = values.astype(np.int64)
    if (whole != values).any():
        return False
    days = distinct(whole)
    month = days // 100 % 100
    valid = (month >= 1) & (month <= 12)
    first = ((days // 10_000 - 1970) * 12 + month - 1).astype("datetime64[M]")
    length = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    return bool((valid & (days % 100 >= 1) & (days % 100 <= length)).all())


def year_last_format(values: NDArray[np.int64] | NDArray[np.float64]) -> str | None:
    """The format of numbers such as 9102019, each of them a date with the year last; or None."""
    if not len(values) or not ((values >= 1_011_900) & (values <= 31_122_100)).all():
        return None
    first, second, year = values // 10**6, values // 10**4 % 100, values % 10**4
    if are_days(year * 10**4 + second * 100 + first):
        return "%d%m%Y"
    return "%m%d%Y" if are_days(year * 10**4 + first * 100 + second) else None


def compact_format(values: NDArray[np.int64] | NDArray[np.float64]) -> str | None:
    """The format of numbers such as 20191009163940, of which each is a date and a time; or None."""
    for time_format, digits in (("%Y%m%d%H", 2), ("%Y%m%d%H%M", 4), ("%Y%m%d%H%M%S", 6)):
        whole = np.abs(values) < 2.0**53 if len(values) else np.zeros(1, dtype=np.bool_)
        if not whole.all() or not are_days(np.floor(values / 10**digits)):
            continue
        clock = values % 10**digits
        parts = [clock // 10 ** (digits - 2 * place) % 100 for place in range(1, digits // 2 + 1)]
        if (parts[0] < 24).all() and all((part < 60).all() for part in parts[1:]):
            return time_format
    return None


def nanoseconds_of_numbers(
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


def nanoseconds_of_arrow(cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
    """Nanoseconds of parquet's dates and times, whatever their unit; None beyond int64."""
    import pyarrow as pa

    if pa.types.is_date(cells.type):
        cells = cells.cast(pa.timestamp("ms"))
    times = cells.cast("int64").to_numpy()
    return within_range(nanoseconds_of_numbers(cells, times, TimeUnit[cells.type.unit]))


def parsed_dates(texts: NDArray[np.object_], time_format: str | None) -> NDArray[np.generic] | None:
    """The times of texts as datetime64 of any unit, UTC without a zone; None if one fails."""
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
    times: NDArray[np.generic] = parsed.dt.tz_localize(None).to_numpy()
    return times


def nanoseconds_of_dates(times: NDArray[np.generic] | None) -> NDArray[np.int64] | None:
    """Nanoseconds since 1970, None outside the years that are accepted."""
    if times is None:
        return None
    seconds = times.astype("datetime64[s]").astype(np.int64)
    if ((seconds < FIRST // 10**9) | (seconds >= END // 10**9)).any():
        return None
    return times.astype("datetime64[ns]").astype(np.int64)


def within_range(times: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """The times, None outside the years that are accepted."""
    return times if times is not None and ((times >= FIRST) & (times < END)).all() else None
