"""Plain-text tables for the screen and the log: no colours, no boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphrec_cli.terminal_text import mask_unprintable


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the heading, a rule and the rows as lines, in aligned columns two spaces apart.

    A column whose every cell reads as a number (or is empty or ``-``) is aligned to the right, its
    heading included. There is no newline at the end. Raises ValueError for a row that has more or
    fewer cells than the header.
    """
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [bool(rows) and all(map(_reads_as_number, column[1:])) for column in columns]
    rule = ["-" * width for width in widths]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in (header, rule, *rows)
    ]
    return "\n".join(lines)


def metrics_table(columns: Mapping[str, Mapping[str, float]], metrics: Sequence[str]) -> str:
    """Return a table with a row a metric and a column a model, with four decimals.

    ``columns`` maps a heading (a model, ``popularity``, ``ceiling``) to its values by metric key. A
    value that a column lacks is shown as ``-``.
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
    """Return foreign text fit for a cell: cut where it is long, unprintable characters as ``?``."""
    shown = mask_unprintable(text)
    return shown if len(shown) <= max_length else f"{shown[: max_length - 3]}..."


def _reads_as_number(cell: str) -> bool:
    if cell in {"", "-"}:
        return True
    try:
        float(cell.replace(",", "").removesuffix("%"))
    except ValueError:
        return False
    return True
