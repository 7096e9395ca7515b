"""Numbers as the tables of the html report show them; ``report/svg.js`` shows them alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphrec_cli.reporting.compare_words import spell_p


def fixed(value: float | None) -> str:
    """Four decimals."""
    return "-" if value is None else f"{value:.4f}"


def signed(value: float | None) -> str:
    """Four decimals, with a sign."""
    return "-" if value is None else f"{value:+.4f}"


def count(value: int | None) -> str:
    """A whole number, with commas."""
    return "-" if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """A share such as ``95 %``."""
    return "-" if share is None else f"{100 * share:g} %"


def p_value(value: float | None) -> str:
    """Four decimals; a smaller value is only bounded."""
    return "-" if value is None else spell_p(value)


def interval(row: Sequence[Any], first: int, with_sign: bool = False) -> str:
    """The ends of an interval, which are at ``first`` in a row and right after it."""
    low, high = row[first : first + 2]
    if low is None or high is None:
        return "-"
    return f"{signed(low)} to {signed(high)}" if with_sign else f"{fixed(low)} to {fixed(high)}"


def no_worse(pair: Sequence[Any]) -> str:
    """The outcome of a pair's equivalence test."""
    shown, p = pair[10:12]
    if shown is None:
        return "-"
    return f"{'yes' if shown else 'not shown'}, p {p_value(p)}"


FILTERS = {
    "fixed": fixed,
    "signed": signed,
    "count": count,
    "percent": percent,
    "p_value": p_value,
    "interval": interval,
    "no_worse": no_worse,
}
"""By the name that ``report/report.html.jinja`` uses."""
