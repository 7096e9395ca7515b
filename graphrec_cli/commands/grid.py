"""A sweep over every combination of the values that are given."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.launchers import chosen_launcher
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import plan_sweep
from graphrec_cli.config.sweep_words import SweepWords
from graphrec_cli.config.trackers import Trackers
from graphrec_cli.rundir.sweep_folder import SweepRecord

if TYPE_CHECKING:
    from graphrec_cli.workflows.sweep import SweepOutcome

log = logging.getLogger("graphrec")


class Grid:
    """What ``sweep_command`` runs.

    Attributes:
        configs: the values of every run.
    """

    def __init__(self, arguments: Arguments, saved: SavedConfig | None, asked: SweepWords) -> None:
        """Check every run.

        Raises:
            ConfigError: a value is refused.
        """
        self._arguments, self._saved, self._asked = arguments, saved, asked
        self._launcher = chosen_launcher(arguments)
        self._sweep = plan_sweep(arguments, saved)
        self.configs: Sequence[RunConfig] = self._sweep.configs

    def plan(self, words: list[str]) -> SweepRecord:
        """The content of a new sweep.json."""
        from graphrec_cli.workflows.plan_sweep import plan_record

        elsewhere = self._launcher is not None and not self._launcher.on_this_machine
        return plan_record(words, self._sweep, self._saved, elsewhere=elsewhere)

    def run(
        self, folder: Path, record: SweepRecord, trackers: Trackers, *, debug: bool
    ) -> tuple[SweepOutcome, list[str]]:
        """Run what is left; returns the outcome, and lines that follow the table."""
        from graphrec_cli.workflows.sweep import run_grid
        from graphrec_cli.workflows.sweep_run import SweepRun

        for line in self._sweep.skipped:
            log.info("%s", line)
        run = SweepRun(
            arguments=self._arguments,
            saved=self._saved,
            folder=folder,
            jobs=record.jobs,
            configs=self._sweep.configs,
            planned=len(record.jobs),
            again=" ".join(["graphrec train -m", f"sweep.resume={folder}", *trackers.words]),
            launcher=self._launcher,
            retry_failed=self._asked.retry_failed,
            debug=debug,
            trackers=trackers,
        )
        return run_grid(run), []
