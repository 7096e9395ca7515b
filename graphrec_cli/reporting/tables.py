"""Plain-text tables for the screen and the log, without colours and boxes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from graphrec_cli.terminal_text import mask_unprintable

WIDTH = 80
"""Columns of a terminal that every table of a sweep fits."""


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None
) -> str:
    """Format a header, a rule and rows in aligned columns, two spaces apart.

    A column is right-aligned, including its heading, if every cell is a number, empty or ``-``.
    The text does not end with a newline.

    Args:
        width: continue the last column on lines of its own where a line would be longer; None
            breaks no line.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    if width is not None:
        rows = _broken_last_column(header, rows, width)
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [bool(rows) and all(map(_is_number, column[1:])) for column in columns]
    rule = ["-" * width for width in widths]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in (header, rule, *rows)
    ]
    return "\n".join(lines)


def wrap(line: str, width: int = WIDTH) -> str:
    """A line as several where it is longer than ``width``; paths are never broken."""
    return textwrap.fill(
        line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _broken_last_column(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> list[list[str]]:
    left = sum(
        max(map(len, column)) + 2
        for column in zip(header[:-1], *(r[:-1] for r in rows), strict=True)
    )
    broken = []
    for *cells, last in rows:
        lines = textwrap.wrap(last, max(width - left, 10), break_on_hyphens=False) or [""]
        broken.append([*cells, lines[0]])
        broken += [[*("" for _ in cells), line] for line in lines[1:]]
    return broken


def metrics_table(columns: Mapping[str, Mapping[str, float]], metrics: Sequence[str]) -> str:
    """Format a table with one row per metric and one column per model, with four decimals.

    Args:
        columns: for each heading (a model, ``popularity``, ``ceiling``), values by metric key; a
            missing value is shown as ``-``.
        metrics: metric keys, in the order of the rows.
    """
    rows = [
        [
            metric,
            *(f"{values[metric]:.4f}" if metric in values else "-" for values in columns.values()),
        ]
        for metric in metrics
    ]
    return text_table(["metric", *columns], rows)


def clip(text: str, max_length: int) -> str:
    """Make untrusted text fit a cell: truncate it and replace unprintable characters with ``?``."""
    shown = mask_unprintable(text)
    return shown if len(shown) <= max_length else f"{shown[: max_length - 3]}..."


def _is_number(cell: str) -> bool:
    if cell in {"", "-"}:
        return True
    try:
        float(cell.replace(",", "").removesuffix("%"))
    except ValueError:
        return False
    return True
