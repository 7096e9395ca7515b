"""Read history.jsonl: one line per epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.bounded_json import parse_json
from graphrec_cli.terminal_text import first_line

MAX_HISTORY_BYTES = 64 * 2**20
"""Maximum size of the file."""
_NUMBERS = ("epoch", "step", "loss", "learning_rate", "seconds", "triplets_per_second")


def load_history(path: Path) -> list[dict[str, Any]]:
    """Read the epochs of a run; empty for a run that has trained nothing.

    A last line that is not complete is left out: the run may be writing it.

    Args:
        path: history.jsonl, which may come from somebody else.

    Returns:
        A row per epoch with ``epoch``, ``step``, ``loss``, ``learning_rate``, ``seconds``,
        ``triplets_per_second`` and ``valid``, the metrics by name or None.

    Raises:
        OutputError: the file is damaged or too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_HISTORY_BYTES + 1)
        if len(data) > MAX_HISTORY_BYTES:
            raise ValueError(f"it is larger than the limit of {MAX_HISTORY_BYTES:,} bytes")
        lines = data.split(b"\n")[:-1]
        return [_row(number, line) for number, line in enumerate(lines, start=1)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise OutputError(f"cannot read {path}: {first_line(error)}") from error


def _row(number: int, line: bytes) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except ValueError as error:
        raise ValueError(f"line {number}: {first_line(error)}") from error
    if not isinstance(row, dict) or not {*_NUMBERS, "valid"} <= set(row):
        names = ", ".join((*_NUMBERS, "valid"))
        raise ValueError(f"line {number} must be an object with {names}")
    valid = row["valid"]
    if not (valid is None or isinstance(valid, dict)):
        raise ValueError(f"line {number}: valid must be an object or null")
    numbers = {name: row[name] for name in _NUMBERS} | (valid or {})
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"line {number}: {name} must be a number")
    return row
