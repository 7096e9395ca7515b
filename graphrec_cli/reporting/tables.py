"""Plain-text tables for the screen and the log: no colours, no boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


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


def funnel_table(funnel: Mapping[str, object]) -> str:
    """Return where the rows went: a line a step, then the counts that dropped no rows.

    ``funnel`` has the form of ``Funnel.to_dict()`` and of ``funnel.json``: ``rows_read``, ``steps``
    (each with ``stage``, ``cause``, ``rows_dropped`` and ``rows_left``), ``rows_left`` and
    ``notes``. Raises KeyError for a key that is missing and TypeError for a value of another form.
    """
    steps = funnel["steps"]
    notes = funnel["notes"]
    if not isinstance(steps, Sequence) or not isinstance(notes, Mapping):
        raise TypeError("a funnel holds its steps as a list and its notes by name")
    rows = [["read", "", "", _count(funnel["rows_read"])]]
    rows += [
        [step["stage"], step["cause"], _count(step["rows_dropped"]), _count(step["rows_left"])]
        for step in steps
    ]
    rows.append(["kept", "", "", _count(funnel["rows_left"])])
    table = text_table(["stage", "cause", "dropped", "left"], rows)
    if not notes:
        return table
    counts = text_table(["note", "count"], [[key, _count(value)] for key, value in notes.items()])
    return f"{table}\n\n{counts}"


def _count(value: object) -> str:
    """Return a whole number with thousands separated."""
    if not isinstance(value, int):
        raise TypeError(f"a count must be a whole number, got {value!r}")
    return f"{value:,}"


def _reads_as_number(cell: str) -> bool:
    if cell in {"", "-"}:
        return True
    try:
        float(cell.replace(",", "").removesuffix("%"))
    except ValueError:
        return False
    return True
