"""Time alternatives against each other within one run, and format the table of the cases."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

HEADINGS = ("case", "ours", "reference", "ratio", "target", "reached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The command line's options of every case.

    Attributes:
        repeats: measurements of each way, after one to warm up.
        quick: tiny sizes, whose figures are meaningless.
        threads: torch's threads.
        data_dir: folder that holds ``goodbooks-10k``.
    """

    repeats: int
    quick: bool
    threads: int
    data_dir: Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, as text, in the order of ``HEADINGS``."""

    case: str
    ours: str
    reference: str
    ratio: str
    target: str
    reached: str


def alternate(repeats: int, *ways: Callable[[], object]) -> list[list[float]]:
    """Seconds of every call: the ways take turns, ``repeats`` times after a turn to warm up.

    Returns one list a way, the n-th entries of which were measured one right after the other.
    """
    seconds: list[list[float]] = [[] for _ in ways]
    for turn in range(1 + repeats):
        for way, taken in zip(ways, seconds, strict=True):
            started = time.perf_counter()
            way()
            if turn:
                taken.append(time.perf_counter() - started)
    return seconds


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """The quotients of the measurements of each turn."""
    return [first / second for first, second in zip(above, below, strict=True)]


def spread(values: Sequence[float], form: str, unit: str = "") -> str:
    """Median and extremes, each written by ``form``: ``0.31 s (0.30-0.35)``."""
    median, low, high = (
        format(value, form) for value in (statistics.median(values), min(values), max(values))
    )
    return f"{median}{unit} ({low}-{high})"


def at_least(values: Sequence[float], target: float) -> str:
    """Whether the median reaches ``target``."""
    return "yes" if statistics.median(values) >= target else "no"


def at_most(values: Sequence[float], target: float) -> str:
    """Whether the median stays within ``target``."""
    return "yes" if statistics.median(values) <= target else "no"


def plain_table(rows: Sequence[Row]) -> str:
    """Aligned columns for a terminal."""
    lines = [HEADINGS, *map(astuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    padded = [map(str.ljust, line, widths) for line in lines]
    return "\n".join("  ".join(line).rstrip() for line in padded)


def markdown_table(rows: Sequence[Row]) -> str:
    """The same table in Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *map(astuple, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
