"""Bad lines that a tolerant reader skips, and the limit on their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten


@dataclass(frozen=True, slots=True)
class BadLine:
    """A skipped line.

    Attributes:
        file: name of the file.
        line: its number, from 1.
        reason: the kind of fault, the same words for all lines of that kind.
        text: the line as written, without its end.
    """

    file: str
    line: int
    reason: str
    text: str


class TooManyBadLines(DataError):
    """More bad lines than ``dataset.max_bad_lines`` allows; ``bad`` contains all of them."""

    def __init__(self, message: str, bad: Sequence[BadLine]) -> None:
        super().__init__(message)
        self.bad = tuple(bad)


def refuse_too_many(path: Path, bad: Sequence[BadLine], *, num_lines: int, share: float) -> None:
    """Refuse a file with too large a share of bad lines.

    Args:
        path: the file, for the message.
        bad: its bad lines.
        num_lines: its lines, good and bad, without the header and blank lines.
        share: highest share allowed, ``dataset.max_bad_lines``.

    Raises:
        TooManyBadLines: naming the first bad line.
    """
    if len(bad) <= share * num_lines:
        return
    first = min(bad, key=lambda line: line.line)
    shown = shorten(first.text, 60)
    raise TooManyBadLines(
        f"{path}: {len(bad)} of {num_lines} lines are bad, more than the share of {share:g} that "
        f"dataset.max_bad_lines allows; the first is line {first.line} ({first.reason}): {shown}",
        bad,
    )
