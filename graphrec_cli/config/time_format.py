"""The rule for formats of times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from graphrec_cli.errors import ConfigError

TIME_DIRECTIVES = "YymdBbjHIMSfpzZAa"
"""Letters of the strptime directives that a time format may have."""
_NEEDS = (
    ("d", "mBb", "the month (%M is minutes)"),
    ("M", "HI", "the hour (%m is the month)"),
    ("S", "M", "minutes"),
    ("f", "S", "seconds"),
    ("p", "I", "the hour from 1 to 12"),
    ("I", "p", "AM or PM, or have hours from 0 to 23, %H:"),
)
"""Directives, those of which a format with one of them must have one, and what these are."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A strptime format that tells the year, and no part without the greater one that it is of."""

    def check(self, key: str, time_format: str) -> None:
        """Refuse a format without a year, with unknown directives, or with a part of nothing."""
        probe = datetime(2019, 10, 9, 16, 39, 40, tzinfo=UTC)
        example = f"write one such as %m/%d/%Y or %d.%m.%Y %H:%M, got '{time_format}'"
        found = set(re.findall("%(.?)", time_format.replace("%%", "")))
        unknown = sorted(found - set(TIME_DIRECTIVES))
        if unknown:
            known = " ".join(f"%{letter}" for letter in TIME_DIRECTIVES)
            raise ConfigError(f"{key} has '%{unknown[0]}', which is none of {known}; {example}")
        if not found & {"Y", "y"}:
            raise ConfigError(f"{key} must have a year, %Y or %y; {example}")
        for directives, needed, what in _NEEDS:
            if found & set(directives) and not found & set(needed):
                named = " or ".join(f"%{letter}" for letter in needed)
                given = next(letter for letter in directives if letter in found)
                raise ConfigError(
                    f"{key} has %{given}, and so must have {what}, {named}; {example}"
                )
        try:
            datetime.strptime(probe.strftime(time_format), time_format)
        except (ValueError, re.error) as error:
            raise ConfigError(f"{key} cannot be read back ({error}); {example}") from error

    def __str__(self) -> str:
        return "a strptime format with a year"
