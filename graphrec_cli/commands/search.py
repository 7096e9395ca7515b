"""A sweep whose runs are trials that Optuna draws: ``hydra/sweeper=graphrec_optuna``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.commands.resume_sweep import search_of
from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.launchers import chosen_launcher
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep_words import SweepWords
from graphrec_cli.config.trackers import Trackers
from graphrec_cli.config.trial_words import TrialWords
from graphrec_cli.config.unused import has_valid_part
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.sweep_folder import SweepRecord

if TYPE_CHECKING:
    from graphrec_cli.workflows.sweep import SweepOutcome


class SearchSweep:
    """What ``sweep_command`` runs.

    Attributes:
        configs: the values of the given configuration alone.
    """

    def __init__(
        self,
        arguments: Arguments,
        saved: SavedConfig | None,
        asked: SweepWords,
        record: SweepRecord | None,
    ) -> None:
        """Check the given configuration and the space.

        Raises:
            ConfigError: a value is refused.
        """
        if asked.retry_failed:
            raise ConfigError(
                "sweep.retry_failed=true is not for a search: a failed trial stays failed in the "
                "study; set hydra.sweeper.trials to a larger number for more trials"
            )
        self._search, self._arguments = search_of(arguments, record)
        self._saved = saved
        self._launcher = chosen_launcher(self._arguments)
        if self._search.parallel is None and self._launcher and self._launcher.kind != "joblib":
            raise ConfigError(
                "hydra.sweeper.parallel must be set with this launcher: the number of trials to "
                "draw and start together"
            )
        self._words = TrialWords(self._arguments, saved, self._search.space)
        self._words.check_space()
        config = self._words.config
        if not has_valid_part(config):
            raise ConfigError(
                "a search chooses by the valid part, and this split has none; set split.valid or "
                "split.valid_ratio above 0"
            )
        self.configs: Sequence[RunConfig] = [config]

    def plan(self, words: list[str]) -> SweepRecord:
        """The content of a new sweep.json."""
        from graphrec_cli.workflows.plan_sweep import record_of

        elsewhere = self._launcher is not None and not self._launcher.on_this_machine
        record = record_of(words, self.configs[0], self._saved, [], elsewhere=elsewhere)
        return replace(record, search=self._search.to_dict())

    def run(
        self, folder: Path, record: SweepRecord, trackers: Trackers, *, debug: bool
    ) -> tuple[SweepOutcome, list[str]]:
        """Run what is left; returns the outcome, and lines that follow the table."""
        from graphrec_cli.workflows.search import Search
        from graphrec_cli.workflows.sweep_run import SweepRun

        run = SweepRun(
            arguments=self._arguments,
            saved=self._saved,
            folder=folder,
            jobs=[],
            configs=[],
            planned=self._search.trials,
            again=" ".join(["graphrec train -m", f"sweep.resume={folder}", *trackers.words]),
            launcher=self._launcher,
            retry_failed=False,
            debug=debug,
            trackers=trackers,
        )
        today = replace(record, search=self._search.to_dict())  # more trials may be wanted
        return Search(run, self._search, self._words, today).carry_out()
