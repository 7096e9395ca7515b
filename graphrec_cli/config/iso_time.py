"""Dates and times as values of keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from graphrec_cli.errors import ConfigError

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"([ T](?P<clock>\d\d:\d\d(:\d\d)?)(\.(?P<fraction>\d{1,9}))?(?P<zone>[Zz]|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1678, 2262)
"""Years whose nanoseconds fit int64."""


@dataclass(frozen=True, slots=True)
class IsoTime:
    """A date, or a date and a time; UTC without a zone."""

    def check(self, key: str, text: str) -> None:
        """Refuse other texts, and years that int64 nanoseconds do not reach."""
        try:
            nanoseconds_of(text)
        except ValueError as error:
            raise ConfigError(
                f"{key} must be a date such as 2020-02-01, or a time such as 2020-02-01T12:30 "
                f"(UTC, or with a zone such as +01:00), in the years {_YEARS[0]} to {_YEARS[-1]}, "
                f"got '{text}'"
            ) from error

    def __str__(self) -> str:
        return "an ISO date or time, UTC without a zone"


def nanoseconds_of(text: str) -> int:
    """Nanoseconds since 1970 of an ISO date or time; a date is its first moment.

    Raises:
        ValueError: the text is something else, or its year is out of range.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no ISO date or time")
    zone = "+00:00" if found["zone"] in (None, "Z", "z") else found["zone"]
    time = datetime.fromisoformat(f"{found['day']}T{found['clock'] or '00:00'}{zone}")
    if time.year not in _YEARS:
        raise ValueError(f"the year of '{text}' is out of range")
    whole = (time - _START) // timedelta(seconds=1)
    return whole * 10**9 + int((found["fraction"] or "").ljust(9, "0"))
