"""Run the jobs of a sweep, or what is left of them, and collect what became of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from graphrec_cli.config.arguments import Arguments, hydra_words
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.errors import Interrupted, LauncherError
from graphrec_cli.rundir.directory import RunDirectory, make_folder
from graphrec_cli.rundir.lock import held_lock
from graphrec_cli.rundir.sweep_folder import lock_file, read_results, result_file
from graphrec_cli.terminal_text import one_line
from graphrec_cli.training.fit import Report
from graphrec_cli.workflows.launched_sweep import launch_runs
from graphrec_cli.workflows.run_and_record import run_and_record
from graphrec_cli.workflows.sweep_run import SweepRun

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """How a sweep ended.

    Attributes:
        results: of the runs that were started, by their number.
        exit_code: exit code of the command: 0 if every run is completed.
    """

    results: list[dict[str, Any]]
    exit_code: int


def run_grid(run: SweepRun) -> SweepOutcome:
    """Run every job that is not completed, even if others fail. An interruption ends the sweep.

    Raises:
        RunInUse: another process runs this sweep.
        OutputError: the folder cannot be written to.
    """
    with sweeping(run) as codes:
        run_jobs(run, range(len(run.jobs)))
    return outcome_of(run, codes)


@contextmanager
def sweeping(run: SweepRun) -> Iterator[list[int]]:
    """Hold the lock of a sweep; yields the exit codes of what ended it early, said in the log.

    Raises:
        RunInUse: another process runs this sweep.
    """
    make_folder(result_file(run.folder, 0).parent)
    codes: list[int] = []
    with held_lock(lock_file(run.folder)):
        try:
            yield codes
        except Interrupted as interruption:
            codes.append(interruption.exit_code)
            log.info("interrupted: %s continues it", run.again)
        except LauncherError as error:
            codes.append(error.exit_code)
            log.error("error: %s; %s continues it", one_line(error), run.again)


def outcome_of(run: SweepRun, codes: Sequence[int]) -> SweepOutcome:
    """The results so far, and the exit code of the command."""
    results = read_results(run.folder, len(run.jobs))
    ended = [result["state"] for result in results if result["state"] in ("completed", "pruned")]
    return SweepOutcome(results, codes[0] if codes else int(len(ended) < len(run.jobs)))


def run_jobs(
    run: SweepRun, numbers: Sequence[int], reports: dict[int, Report] | None = None
) -> None:
    """Run some jobs of a sweep whose lock is held; those that have ended are only read.

    Args:
        numbers: of the jobs, from 0.
        reports: what each run calls after its validations.

    Raises:
        Interrupted: a signal arrived.
        LauncherError: the launcher stopped before all jobs had ended.
    """
    own = hydra_words(run.arguments.overrides)
    words = [list(job.words) for job in run.jobs]

    def here(arguments: Arguments, numbers: Sequence[int]) -> None:
        run_sweep(
            arguments,
            lambda job: run_and_record(
                job,
                run.folder,
                run.jobs,
                planned=run.planned,
                retry_failed=run.retry_failed,
                debug=run.debug,
                report=(reports or {}).get(job.number),
                trackers=run.trackers,
            ),
            run.folder,
            words,
            run.saved,
            numbers=numbers,
        )

    if run.launcher is None:
        here(run.arguments, numbers)
        return
    ended = [number for number in numbers if _has_ended(run, number)]
    plain = [word for word in run.arguments.overrides if word not in own]
    here(replace(run.arguments, overrides=plain), ended)
    left = [number for number in numbers if number not in ended]
    if left:
        launch_runs(run, left, reports or {})


def _has_ended(run: SweepRun, number: int) -> bool:
    """Whether there is nothing left to train, so that no process is started for the run."""
    directory = RunDirectory(run.folder / run.jobs[number].run)
    if not directory.config.is_file():
        return False
    state, _ = directory.state()
    return state in ("completed", "pruned") or (state == "failed" and not run.retry_failed)
