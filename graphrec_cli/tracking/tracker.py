"""What a tracker is told about a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from graphrec_cli.rundir.directory import RunDirectory

Param: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """A run that begins, or goes on.

    Attributes:
        run: its directory.
        home: folder of the run directories, or of the sweeps.
        params: its config, by full key.
        tags: what tells it from other runs, by name.
        resumed: whether it goes on.
    """

    run: RunDirectory
    home: Path
    params: dict[str, Param]
    tags: dict[str, str]
    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochValues:
    """One epoch.

    Attributes:
        epoch: its number, from 1.
        values: loss, learning rate, throughput and valid metrics, by name.
        time: when it ended, in seconds since 1970.
    """

    epoch: int
    values: dict[str, float]
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """A run that has ended.

    Attributes:
        state: ``completed``, ``failed``, ``interrupted`` or ``pruned``.
        figures: final metrics, by name; empty unless the run is completed.
        epoch: the last one.
        pictures: files of the plots.
        files: other files for trackers that keep files.
    """

    state: str
    figures: dict[str, float]
    epoch: int
    pictures: list[Path]
    files: list[Path]


@runtime_checkable
class Tracker(Protocol):
    """Follows one run. All methods are called in one thread, and may raise any exception."""

    def begin(self) -> None:
        """Open the tracker, and record the config."""

    def log(self, epochs: list[EpochValues]) -> None:
        """Record epochs, at least one, in ascending order."""

    def finish(self, end: RunEnd) -> None:
        """Record the end, and close the tracker."""
