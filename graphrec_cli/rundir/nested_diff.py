"""Flatten nested values, and compare two of them."""

from __future__ import annotations

from typing import Any, NamedTuple

ABSENT = "(absent)"
"""Stands for a missing value."""


class Change(NamedTuple):
    """One key with two values; either may be ``ABSENT``."""

    was: Any
    now: Any


def flatten(content: object, place: str = "") -> dict[str, Any]:
    """The scalars of nested JSON values, by dotted key."""
    if isinstance(content, dict):
        entries = [
            (f"{place}.{key}" if place else str(key), value) for key, value in content.items()
        ]
    elif isinstance(content, list):
        entries = [(f"{place}[{number}]", value) for number, value in enumerate(content)]
    else:
        return {place: content}
    return {key: scalar for name, value in entries for key, scalar in flatten(value, name).items()}


def diff(was: dict[str, Any], now: dict[str, Any]) -> dict[str, Change]:
    """The keys whose values differ in type or value, in order."""
    found = {}
    for place in was | now:
        change = Change(was.get(place, ABSENT), now.get(place, ABSENT))
        if change.was != change.now or type(change.was) is not type(change.now):
            found[place] = change
    return found
