"""A condition on the columns of a row, as a tree of comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

COMPARISONS = ("=", "!=", "<=", ">=", "<", ">")
Value: TypeAlias = str | int | Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column compared with values; a row matches if the comparison holds for any of them.

    Attributes:
        column: the name as written.
        operator: one of ``COMPARISONS``.
        values: all of them texts, or all of them numbers.
    """

    column: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """Rows with an empty cell in a column."""

    column: str


@dataclass(frozen=True, slots=True)
class Not:
    """Rows that do not match ``part``."""

    part: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Rows that match every one of at least two parts."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Rows that match one of at least two parts."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Comparison | IsNull | Not | All | Some


def comparisons(condition: Condition) -> Iterator[Comparison | IsNull]:
    """The comparisons of a condition, in their order."""
    if isinstance(condition, Comparison | IsNull):
        yield condition
    elif isinstance(condition, Not):
        yield from comparisons(condition.part)
    else:
        for part in condition.parts:
            yield from comparisons(part)
