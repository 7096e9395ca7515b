"""Run a search: ask its study for trials, run them, and tell it their results."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from graphrec_cli.config.search import SearchConfig
from graphrec_cli.config.trial_words import TrialWords
from graphrec_cli.config.unused import wants_floor
from graphrec_cli.errors import ConfigError
from graphrec_cli.reporting.search_plots import draw_search
from graphrec_cli.reporting.tables import wrap
from graphrec_cli.rundir.sweep_folder import (
    SweepJob,
    SweepRecord,
    read_results,
    result_file,
    write_sweep,
)
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import one_line
from graphrec_cli.workflows.launched_sweep import jobs_at_a_time
from graphrec_cli.workflows.plan_sweep import plan_job
from graphrec_cli.workflows.run_and_record import blank_result
from graphrec_cli.workflows.search_study import Study, Trial
from graphrec_cli.workflows.study_storage import StudyPlace
from graphrec_cli.workflows.sweep import (
    SweepOutcome,
    outcome_of,
    run_jobs,
    sweeping,
)
from graphrec_cli.workflows.sweep_run import SweepRun
from graphrec_cli.workflows.trial_reporter import Reporter

log = logging.getLogger("graphrec")

_REFUSED = "refused"
"""Stands for the digest of a trial that has no config."""
_WIDTH = 3
"""Digits of a trial in the names of run directories; a search may be given more trials later."""


class Search:
    """A search in a sweep's folder."""

    def __init__(
        self, run: SweepRun, search: SearchConfig, words: TrialWords, record: SweepRecord
    ) -> None:
        """Prepare the search; nothing is drawn yet.

        Args:
            run: the sweep, without jobs.
            search: the settings.
            words: what composes its trials.
            record: content of the sweep.json.
        """
        config = words.config
        self._run, self._search, self._words, self._record = run, search, words, record
        self._metric = config.monitor()
        self._refused: dict[int, dict[str, Any]] = {}
        self._place = StudyPlace(
            search=search,
            folder=run.folder,
            sweep=record.identity,
            minimize=config.evaluation.lower_is_better(self._metric),
            epochs=config.trainer.epochs,
            seed=config.seed,
        )

    def carry_out(self) -> tuple[SweepOutcome, list[str]]:
        """Run trials until the study has enough; an interrupted one is resumed first.

        Returns:
            The outcome, and lines about the search.

        Raises:
            RunInUse: another process runs this search.
            OutputError: the folder or the storage cannot be written to.
        """
        parallel = self._search.parallel or jobs_at_a_time(self._run)
        with sweeping(self._run) as codes:
            study = Study(self._place)
            study.begin(self._words.given_values())
            for trial in study.begun():
                self._add(trial)
            left = study.unfinished()
            while batch := left[:parallel] or study.ask(parallel):
                if not left:
                    for trial in batch:
                        self._add(trial)
                left = left[len(batch) :]
                write_sweep(self._run.folder, replace(self._record, jobs=list(self._run.jobs)))
                refused = [trial for trial in batch if trial.run in self._refused]
                for trial in refused:
                    write_json(result_file(self._run.folder, trial.run), self._refused[trial.run])
                    study.tell(trial, "failed", None)
                self._run_batch(study, [trial for trial in batch if trial not in refused])
        if self._words.config.plots:
            with progress("drawing the search"):
                draw_search(
                    study.history(),
                    study.importance(),
                    self._run.folder / "search.png",
                    self._metric,
                    lower_is_better=self._place.minimize,
                )
        return outcome_of(self._run, codes), self._describe(study)

    def _describe(self, study: Study) -> list[str]:
        shares = [f"{key} {share:.0%}" for key, share in study.importance().items()]
        line = f"importance for valid {self._metric}: {', '.join(shares)}"
        return [wrap(line)] if shares else []

    def _run_batch(self, study: Study, batch: Sequence[Trial]) -> None:
        """Run trials and tell the study of those that have ended, also after an interruption."""
        reports = {trial.run: Reporter(self._place, trial.number) for trial in batch}
        try:
            run_jobs(self._run, [trial.run for trial in batch], dict(reports))
        finally:
            results = read_results(self._run.folder, len(self._run.jobs))
            ended = {of["number"]: of for of in results if of["state"] != "interrupted"}
            for trial in batch:
                if trial.run in ended:
                    result = ended[trial.run]
                    valid = None if result["metrics"] is None else result["metrics"]["valid"]
                    value = None if valid is None else valid[self._metric]
                    study.tell(trial, result["state"], value)

    def _add(self, trial: Trial) -> None:
        """Compose the run of a trial, and append it to the jobs.

        Raises:
            ConfigError: its values have changed since it was drawn.
        """
        assert trial.run == len(self._run.jobs)
        values = _short_names(trial.values)
        try:
            fitted = self._words.fit({} if trial.is_given else trial.values)
        except ConfigError as error:
            self._add_refused(trial, values, error)
            return
        config = fitted.config
        job = plan_job(trial.run, fitted.kept, values, config, width=_WIDTH)
        job = replace(job, floor_of=0 if wants_floor(config) else None)
        for known in self._record.jobs[trial.run : trial.run + 1]:
            if known.config_sha256 != job.config_sha256:
                raise ConfigError(
                    f"{self._run.folder}: {job.run} has other values with this release or these "
                    "options than when it was drawn; start a new search"
                )
        self._run.jobs.append(job)
        self._run.configs.append(config)

    def _add_refused(self, trial: Trial, values: dict[str, str], error: ConfigError) -> None:
        """Append a trial whose values cannot be together; it has failed without a run.

        Raises:
            ConfigError: they could when the trial was drawn.
        """
        known = self._record.jobs[trial.run : trial.run + 1]
        if known and known[0].config_sha256 != _REFUSED:
            raise error
        job = SweepJob([], values, _REFUSED, f"{trial.run + 1:0{_WIDTH}d}_refused")
        blank = blank_result(trial.run, job, self._words.config)
        log.info("trial %d cannot be run: %s", trial.run + 1, error)
        self._refused[trial.run] = blank | {"exit_code": error.exit_code, "error": one_line(error)}
        self._run.jobs.append(job)
        self._run.configs.append(self._words.config)


def _short_names(values: dict[str, str]) -> dict[str, str]:
    """The values for tables: by the last part of their key, where that is clear, and rounded."""
    names = [key.rpartition(".")[2] for key in values]
    return {
        name if names.count(name) == 1 else key: _rounded(text)
        for (key, text), name in zip(values.items(), names, strict=True)
    }


def _rounded(text: str) -> str:
    with suppress(ValueError):
        return f"{float(text):.6g}" if "." in text or "e" in text else text
    return text
