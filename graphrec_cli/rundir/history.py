"""Read history.jsonl: a row for each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.bounded_json import is_number, is_numbers, read_json_lines

MAX_HISTORY_BYTES = 16 * 2**20
"""Maximum size of the file; a row has about 700 bytes."""

_NUMBERS = ("loss", "learning_rate", "seconds", "triplets_per_second")


def read_history(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a run; none if the file is missing.

    A row that is being written is left out.

    Args:
        path: history.jsonl, which may come from somebody else.

    Returns:
        Rows of ascending epochs, with ``epoch`` and ``step`` (int), ``loss``, ``learning_rate``,
        ``seconds``, ``triplets_per_second`` (float) and ``valid``: a value by metric, or None.

    Raises:
        OutputError: the file cannot be read, is too large, or a row is malformed.
    """
    try:
        rows = enumerate(read_json_lines(path, MAX_HISTORY_BYTES), 1)
        history = [_row(row, number) for number, row in rows]
        epochs = [row["epoch"] for row in history]
        if any(later <= epoch for epoch, later in pairwise(epochs)):
            raise ValueError("its epochs do not ascend")
        return history
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise OutputError(f"cannot read {path}: {error}") from error


def best_row(
    history: Sequence[Mapping[str, Any]], monitor: str, *, lower_is_better: bool
) -> Mapping[str, Any] | None:
    """The first row with the best valid value of ``monitor``; None if no row has one."""
    rows = [row for row in history if row["valid"] is not None and monitor in row["valid"]]
    choose = min if lower_is_better else max
    return choose(rows, key=lambda row: row["valid"][monitor]) if rows else None


def _row(row: object, number: int) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError(f"line {number}: expected an object")
    for key in ("epoch", "step"):
        if type(row.get(key)) is not int or not is_number(row[key]):
            raise ValueError(f"line {number}: '{key}' must be a whole number")
    for key in _NUMBERS:
        if not is_number(row.get(key)):
            raise ValueError(f"line {number}: '{key}' must be a number")
    if row.get("valid") is not None and not is_numbers(row["valid"]):
        raise ValueError(f"line {number}: 'valid' must be null or an object of numbers")
    return row | {"valid": row.get("valid")}
