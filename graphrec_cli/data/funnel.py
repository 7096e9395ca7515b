"""Counts of every row dropped between the source and the split."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """Rows that one stage dropped for one cause, and the rows left after it."""

    stage: str
    cause: str
    rows_dropped: int
    rows_left: int


class Funnel:
    """Rows read, rows dropped by stage and cause, and further counts."""

    def __init__(self, rows_read: int) -> None:
        self._rows_read = rows_read
        self._rows_left = rows_read
        self._steps: list[FunnelStep] = []
        self._notes: dict[str, int] = {}

    @property
    def rows_read(self) -> int:
        """Rows before any was dropped."""
        return self._rows_read

    @property
    def rows_left(self) -> int:
        """Rows read minus all rows dropped so far."""
        return self._rows_left

    @property
    def steps(self) -> tuple[FunnelStep, ...]:
        """What was dropped, in order."""
        return tuple(self._steps)

    def drop(self, stage: str, cause: str, rows: int) -> None:
        """Record that ``stage`` dropped ``rows`` rows because of ``cause``; zero is recorded too.

        Raises:
            DataError: the number is negative, or more than the rows left.
        """
        if not 0 <= rows <= self._rows_left:
            raise DataError(
                f"the funnel cannot drop {rows} rows at {stage} ({cause}): "
                f"{self._rows_left} rows are left"
            )
        self._rows_left -= rows
        self._steps.append(FunnelStep(stage, cause, int(rows), int(self._rows_left)))

    def note(self, key: str, value: int) -> None:
        """Store a count that drops no row; a later value under the same key replaces it."""
        self._notes[key] = int(value)

    def check(self, rows: int) -> None:
        """Check the counts against the rows that are left.

        Raises:
            DataError: they differ, so some row was dropped without being counted.
        """
        if rows != self._rows_left:
            raise DataError(
                f"the funnel does not add up: {self._rows_left} rows left by its counts, "
                f"{rows} in the table; this is a fault of graphrec, please report it"
            )

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON: ``rows_read``, ``steps`` in order, ``rows_left``, ``notes``."""
        return {
            "rows_read": int(self._rows_read),
            "steps": [asdict(step) for step in self._steps],
            "rows_left": int(self._rows_left),
            "notes": dict(self._notes),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Funnel:
        """Read the output of ``to_dict``.

        Raises:
            DataError: its counts do not add up.
            KeyError, TypeError, ValueError: the format is wrong.
        """
        funnel = cls(int(content["rows_read"]))
        for step in content["steps"]:
            funnel.drop(str(step["stage"]), str(step["cause"]), int(step["rows_dropped"]))
        for key, value in content["notes"].items():
            funnel.note(str(key), int(value))
        if funnel.to_dict() != content:
            raise DataError("the funnel does not add up")
        return funnel
