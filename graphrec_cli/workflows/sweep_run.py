"""A sweep that this process runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.launchers import Launcher
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.trackers import NO_TRACKERS, Trackers
from graphrec_cli.rundir.sweep_folder import SweepJob


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """What a sweep runs, where and how.

    Attributes:
        arguments: the words of the command, which choose launcher and sweeper.
        saved: values that the words are put on; None is those of ``conf``.
        folder: the sweep's folder.
        jobs: those of its sweep.json; a search adds to them.
        configs: the values of each job.
        planned: number of jobs in all, also of those that a search has not drawn yet.
        again: the words that continue it.
        launcher: what runs the jobs in other processes; None has them take turns in this one.
        retry_failed: resume failed runs too.
        debug: print tracebacks.
        trackers: what follows every run.
    """

    arguments: Arguments
    saved: SavedConfig | None
    folder: Path
    jobs: list[SweepJob]
    configs: list[RunConfig]
    planned: int
    again: str
    launcher: Launcher | None
    retry_failed: bool
    debug: bool
    trackers: Trackers = NO_TRACKERS
