"""The rule for formats of times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from graphrec_cli.errors import ConfigError

TIME_DIRECTIVES = "YymdBbjHIMSfpzZAa"
"""Letters of the strptime directives that a time format may have."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A strptime format that tells the year."""

    def check(self, key: str, time_format: str) -> None:
        """Refuse a format without directives, with unknown ones, or without a year."""
        probe = datetime(2019, 10, 9, 16, 39, 40, tzinfo=UTC)
        example = f"write one such as %m/%d/%Y or %d.%m.%Y %H:%M, got '{time_format}'"
        found = set(re.findall("%(.?)", time_format.replace("%%", "")))
        unknown = sorted(found - set(TIME_DIRECTIVES))
        if unknown:
            known = " ".join(f"%{letter}" for letter in TIME_DIRECTIVES)
            raise ConfigError(f"{key} has '%{unknown[0]}', which is none of {known}; {example}")
        if not found & {"Y", "y"}:
            raise ConfigError(f"{key} must have a year, %Y or %y; {example}")
        try:
            datetime.strptime(probe.strftime(time_format), time_format)
        except (ValueError, re.error) as error:
            raise ConfigError(f"{key} cannot be read back ({error}); {example}") from error

    def __str__(self) -> str:
        return "a strptime format with a year"
