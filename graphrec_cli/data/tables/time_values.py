"""Numbers, dates and texts as nanoseconds since 1970, converted exactly."""

from __future__ import annotations

import re
from datetime import UTC, datetime
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
_UTC = re.compile(r"(?<![A-Z])(UTC|GMT)(?![A-Z/+-])")
_NAMED_UTC = re.compile(r" ?(UTC|GMT)$")
_BELOW = {"H": 24, "M": 60, "S": 60}
_DAYS = ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d", "%d%m%y", "%m%d%y")
_DATE_FORMATS = [day + clock for day in _DAYS for clock in ("", "%H", "%H%M", "%H%M%S")][1:]
_HEAD = 1_000
"""Numbers that rule out most formats before all numbers are looked at."""
_DISTINCT = 5
"""Seconds of so many hundreds are hardly all in a format with a year of two digits by chance."""
_NO_DATES = ("now", "today")
"""Texts that pandas reads as the time of reading."""
_OTHER_EPOCHS = {
    ".NET's ticks": (621_355_968_000_000_000, 662_380_416_000_000_000),
    "Windows' file times": (116_444_736_000_000_000, 157_469_184_000_000_000),
}
"""Steps of 100 nanoseconds since the years 1 and 1601, for the years 1970 to 2099."""
ROUNDED = re.compile(r"[0-9](?:\.[0-9]{1,5})?[eE]\+(?:09|[1-9][0-9])")
"""Six digits at most of a number from 10^9, as spreadsheets show it; savetxt writes 19 digits."""


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


def date_formats(values: NDArray[np.int64] | NDArray[np.float64]) -> list[str]:
    """Formats in which every number, such as 2311261405, is a date.

    A year of two digits makes only past dates, and only where no format with four digits fits. A
    leading zero may be missing, as in 109231405. Dates of eight digits with the year first are left
    to ``are_days``.
    """
    if not len(values) or not ((values >= 0) & (values < 2**53)).all():
        return []
    whole = values.astype(np.int64, copy=False)
    if (whole != values).any():
        return []
    found = [
        time_format
        for time_format in _DATE_FORMATS
        if _all_are(whole[:_HEAD], time_format) and _all_are(whole, time_format)
    ]
    four_digits = [time_format for time_format in found if "%Y" in time_format]
    few = len(np.unique(whole[:_HEAD] // 100)) < _DISTINCT
    return four_digits if few else four_digits or found


def describe_other_kind(values: NDArray[np.int64] | NDArray[np.float64]) -> str | None:
    """What numbers look like if not like a count from 1970, and what to set or write then."""
    for name, (first, end) in _OTHER_EPOCHS.items():
        if len(values) and bool(((values >= first) & (values < end)).all()):
            return (
                f"{name}; write them as ISO times or seconds since 1970, or set "
                "dataset.time_unit=ns if they are nanoseconds since 1970"
            )
    formats = date_formats(values)
    if not formats:
        return None
    named = " or ".join(f"dataset.time_format={time_format}" for time_format in formats)
    return f"dates; set {named}, or dataset.time_unit if they count from 1970"


def _all_are(numbers: NDArray[np.int64], time_format: str) -> bool:
    """Whether every number is a date in a format of directives alone."""
    parts: dict[str, NDArray[np.int64]] = {}
    rest = numbers
    for letter in reversed(time_format[1::2]):
        rest, parts[letter] = np.divmod(rest, 10_000 if letter == "Y" else 100)
    if rest.any() or (numbers < 10 ** (_fixed_width(time_format) - 2)).any():
        return False
    if any((parts[letter] >= below).any() for letter, below in _BELOW.items() if letter in parts):
        return False
    if "y" in parts:
        parts["Y"] = parts["y"] + np.where(parts["y"] < 69, 2000, 1900)
    days = parts["Y"] * 10**4 + parts["m"] * 100 + parts["d"]
    is_past = "y" not in parts or bool((days <= int(f"{datetime.now(UTC):%Y%m%d}")).all())
    return is_past and are_days(days)


def _fixed_width(time_format: str) -> int:
    """Digits of a date in a format of directives alone; 0 for other formats."""
    if not re.fullmatch("(%[YymdHMS])+", time_format):
        return 0
    return 2 * time_format.count("%") + 2 * time_format.count("%Y")


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
        whole = values.astype(np.int64, copy=False)
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
    if "%Z" in (time_format or "") and not all(_UTC.search(text.upper()) for text in bare):
        return None  # pandas reads names such as CET as places, with daylight saving time
    width = _fixed_width(time_format or "")
    if width:  # numbers lose their leading zeros
        bare = [text.zfill(width) if text.isdecimal() else text for text in bare]
    if time_format is None:
        bare = [_NAMED_UTC.sub("+00:00", text.upper()) for text in bare]
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


def any_rounded(cells: pa.ChunkedArray) -> bool:
    """Whether a text of a column is a number that a spreadsheet has rounded."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_text = pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
    pattern = rf"^\s*{ROUNDED.pattern}\s*$"
    return is_text and bool(pc.any(pc.match_substring_regex(cells, pattern)).as_py())


def within_range(times: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """The times, None outside the years that are accepted."""
    return times if times is not None and ((times >= FIRST) & (times < END)).all() else None
