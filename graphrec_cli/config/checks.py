"""Range checks that name the full key, the value and the allowed range."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from graphrec_cli.errors import ConfigError


def check_name(group: str, value: str, expected: str) -> None:
    """Refuse a component whose ``name`` was changed: another component is another option."""
    if value != expected:
        raise ConfigError(
            f"{group}.name is '{expected}' for this option and cannot be set to '{value}'; "
            f"choose another component with {group}={value}"
        )


MAX_INTEGER = 2**63 - 1
"""What arrays and tensors can count with."""


def check_at_least(key: str, value: int | float | None, low: float) -> None:
    """Refuse NaN, infinity and values below ``low``; None (where a key allows it) passes."""
    if isinstance(value, int) and value > MAX_INTEGER:
        raise ConfigError(f"{key} must be at most {MAX_INTEGER}, got {value}")
    if value is not None and not low <= value < math.inf:
        raise ConfigError(f"{key} must be a finite number of at least {low}, got {value}")


def check_positive(key: str, value: float | None) -> None:
    """Refuse NaN, infinity, zero and negative values; None (where a key allows it) passes."""
    if value is not None and not 0 < value < math.inf:
        raise ConfigError(f"{key} must be a finite number above 0, got {value}")


def check_finite(key: str, value: float | None) -> None:
    """Refuse NaN and infinity; None (where a key allows it) passes."""
    if value is not None and not math.isfinite(value):
        raise ConfigError(f"{key} must be a finite number, got {value}")


def check_digits(key: str, text: str) -> None:
    """Refuse numbers that no float holds: OmegaConf would not say which key they were given to."""
    if re.search("[0-9]{309,}", text):
        raise ConfigError(f"{key} is given a number of hundreds of digits; write a smaller one")


def check_between(key: str, value: float, low: float, high: float) -> None:
    """Refuse NaN and values outside the closed interval from ``low`` to ``high``."""
    if not low <= value <= high:
        raise ConfigError(f"{key} must lie between {low} and {high}, got {value}")


def check_folder(key: str, value: str) -> None:
    """Refuse an empty name, which would mean the folder above."""
    if not value:
        raise ConfigError(f"{key} must name a folder, got an empty value")


def check_distinct(key: str, values: Sequence[object]) -> None:
    """Refuse an empty list, a list of lists and a list that names something twice."""
    if any(isinstance(value, list | dict) for value in values):  # OmegaConf lets them pass
        raise ConfigError(f"{key} must list single values, got {list(values)}")
    if not values:
        raise ConfigError(f"{key} must name at least one value, got an empty list")
    if len(set(values)) != len(values):
        raise ConfigError(f"{key} must not name a value twice, got {list(values)}")


def check_below(key: str, path: str, folder: str) -> None:
    """Refuse a path that does not stay below the folder that it is relative to, and none at all."""
    check_folder(key, path)
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise ConfigError(
            f"{key} must be a path below {folder}, without '..', got '{path}'; {folder} itself may "
            "be any folder"
        )
