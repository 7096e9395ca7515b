"""Read history.jsonl: one line for each epoch of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.bounded_json import parse_json

_MAX_BYTES = 16 * 2**20


class Epoch(NamedTuple):
    """What a line says.

    Attributes:
        epoch: from 1.
        loss: mean of the epoch's steps.
        valid: validation metrics; empty if the epoch was not validated.
    """

    epoch: int
    loss: float
    valid: dict[str, float]


def read_history(path: Path) -> list[Epoch]:
    """Read the epochs of a run, which may come from somebody else.

    Returns:
        The epochs in order; none if the file is absent, because nothing was trained.

    Raises:
        OutputError: the file cannot be read, is too large, or a line is malformed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > _MAX_BYTES:
        raise OutputError(
            f"cannot read {path}: it is larger than the limit of {_MAX_BYTES:,} bytes"
        )
    epochs = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            epochs.append(_epoch(parse_json(line)))
        except (ValueError, OverflowError) as error:
            raise OutputError(f"cannot read {path}: line {number}: {error}") from error
    return epochs


def _epoch(content: Any) -> Epoch:
    if not isinstance(content, dict):
        raise ValueError("expected a JSON object")
    epoch, loss, valid = content.get("epoch"), content.get("loss", ""), content.get("valid")
    if type(epoch) is not int or not _is_number(loss):
        raise ValueError("'epoch' and 'loss' must be numbers")
    if valid is None:
        valid = {}
    if not isinstance(valid, dict) or not all(map(_is_number, valid.values())):
        raise ValueError("'valid' must be null or an object of numbers")
    return Epoch(epoch, float(loss), {name: float(value) for name, value in valid.items()})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
