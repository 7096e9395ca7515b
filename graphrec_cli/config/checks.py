"""What a key accepts, stated next to its type: ``epochs: Annotated[int, AtLeast(1)] = 100``.

``check_fields`` enforces these rules and ``config/keys.py`` prints them. Every message names the
full key, the value and what is allowed. null passes wherever the type allows it.
"""

from __future__ import annotations

import math
import re
import typing
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from graphrec_cli.errors import ConfigError

MAX_INTEGER = 2**63 - 1
"""The largest integer that fits arrays and tensors (int64)."""


@runtime_checkable
class Rule(Protocol):
    """A condition on one value; ``str(rule)`` is its wording in the reference."""

    def check(self, key: str, value: Any) -> None:
        """Raise ConfigError if ``value`` is refused."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Finite numbers of at least ``low``."""

    low: float

    def check(self, key: str, value: float) -> None:
        """Refuse NaN, infinity, values below ``low`` and integers above MAX_INTEGER."""
        if isinstance(value, int) and value > MAX_INTEGER:
            raise ConfigError(f"{key} must be at most {MAX_INTEGER}, got {value}")
        if not self.low <= value < math.inf:
            raise ConfigError(f"{key} must be a finite number of at least {self.low}, got {value}")

    def __str__(self) -> str:
        return f"at least {spell(self.low)}"


@dataclass(frozen=True, slots=True)
class Positive:
    """Finite numbers above 0."""

    def check(self, key: str, value: float) -> None:
        """Refuse NaN, infinity, zero and negative values."""
        if not 0 < value < math.inf:
            raise ConfigError(f"{key} must be a finite number above 0, got {value}")

    def __str__(self) -> str:
        return "above 0"


@dataclass(frozen=True, slots=True)
class Finite:
    """Finite numbers."""

    def check(self, key: str, value: float) -> None:
        """Refuse NaN and infinity."""
        if not math.isfinite(value):
            raise ConfigError(f"{key} must be a finite number, got {value}")

    def __str__(self) -> str:
        return "finite"


@dataclass(frozen=True, slots=True)
class Between:
    """Numbers in the closed interval from ``low`` to ``high``."""

    low: float
    high: float

    def check(self, key: str, value: float) -> None:
        """Refuse NaN and values outside the interval."""
        if not self.low <= value <= self.high:
            raise ConfigError(f"{key} must lie between {self.low} and {self.high}, got {value}")

    def __str__(self) -> str:
        return f"{spell(self.low)} to {spell(self.high)}"


@dataclass(frozen=True, slots=True)
class Below:
    """Numbers below ``high``."""

    high: float

    def check(self, key: str, value: float) -> None:
        """Refuse ``high`` and values above it."""
        if value >= self.high:
            raise ConfigError(f"{key} must lie below {self.high}, got {value}")

    def __str__(self) -> str:
        return f"below {spell(self.high)}"


@dataclass(frozen=True, slots=True)
class Distinct:
    """A list with at least one value, none of them twice."""

    def check(self, key: str, values: list[object]) -> None:
        """Refuse an empty list, a list of lists and a list with a repeated value."""
        if any(isinstance(value, list | dict) for value in values):  # OmegaConf lets them pass
            raise ConfigError(f"{key} must list single values, got {list(values)}")
        if not values:
            raise ConfigError(f"{key} must name at least one value, got an empty list")
        if len(set(values)) != len(values):
            raise ConfigError(f"{key} must not name a value twice, got {list(values)}")

    def __str__(self) -> str:
        return "at least one value, none twice"


@dataclass(frozen=True, slots=True)
class Each:
    """A list whose values all satisfy ``rule``."""

    rule: Rule

    def check(self, key: str, values: list[object]) -> None:
        """Refuse the first value that the rule refuses."""
        for value in values:
            self.rule.check(key, value)

    def __str__(self) -> str:
        return f"each {self.rule}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A path that is not empty."""

    def check(self, key: str, value: str) -> None:
        """Refuse an empty name, which would mean the parent folder."""
        if not value:
            raise ConfigError(f"{key} must name a folder, got an empty value")

    def __str__(self) -> str:
        return "not empty"


@dataclass(frozen=True, slots=True)
class PathBelow:
    """A relative path that stays below ``folder``."""

    folder: str

    def check(self, key: str, path: str) -> None:
        """Refuse an empty path, an absolute one and one with ``..``."""
        Folder().check(key, path)
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise ConfigError(
                f"{key} must be a path below {self.folder}, without '..', got '{path}'; "
                f"{self.folder} itself may be any folder"
            )

    def __str__(self) -> str:
        return f"relative, below {self.folder}"


@dataclass(frozen=True, slots=True)
class Sha256:
    """A sha256 digest as ``sha256sum`` prints it."""

    def check(self, key: str, digest: str) -> None:
        """Refuse anything but 64 lower-case hexadecimal digits."""
        if not re.fullmatch("[0-9a-f]{64}", digest):
            raise ConfigError(f"{key} must be 64 lower-case hexadecimal digits, got '{digest}'")

    def __str__(self) -> str:
        return "64 lower-case hexadecimal digits"


@dataclass(frozen=True, slots=True)
class Address:
    """A URL without a user name or password."""

    def check(self, key: str, url: str) -> None:
        """Refuse credentials: the run directory would keep them."""
        if "@" in urlsplit(url).netloc:
            raise ConfigError(
                f"{key} must not contain a user name or password, because the run directory "
                "would keep them; download the file by hand instead"
            )

    def __str__(self) -> str:
        return "no user name or password"


def check_fields(config: Any, key: str) -> None:
    """Check every value of a dataclass, and of those nested in it, against its rules.

    Args:
        config: an instance; ``name`` must be the default of its class.
        key: the full key of the instance, such as ``trainer``; empty for the whole run.

    Raises:
        ConfigError: naming the first key whose value is refused.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        full_key = f"{key}.{field.name}" if key else field.name
        if field.name == "name" and value != field.default:
            raise ConfigError(
                f"{full_key} is '{field.default}' for this option and cannot be set to '{value}'; "
                f"remove it, and choose another component with {key}=OPTION"
            )
        for rule in rules(config.__class__)[field.name] if value is not None else ():
            rule.check(full_key, value)
        for entry in value if isinstance(value, list) else [value]:
            if is_dataclass(entry):
                check_fields(entry, full_key)


@cache
def rules(schema: type) -> dict[str, tuple[Rule, ...]]:
    """Field name to the rules that its ``Annotated`` type states."""
    hints = typing.get_type_hints(schema, include_extras=True)
    return {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}


def check_digits(key: str, text: str) -> None:
    """Refuse numbers too long for a float: OmegaConf's own error would not name the key."""
    if re.search("[0-9]{309,}", text):
        raise ConfigError(f"{key} has a number with hundreds of digits; write a smaller one")


def spell(number: float) -> str:
    """A bound as the reference writes it: digits grouped, large powers as powers."""
    if number == MAX_INTEGER:
        return "2^63 - 1"
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"
