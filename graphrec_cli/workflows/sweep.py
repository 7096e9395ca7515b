"""Run the jobs of a sweep, or what is left of them, and collect what became of them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphrec_cli.config.arguments import Arguments, hydra_words
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.config.launchers import Launcher
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.sweep import Sweep
from graphrec_cli.config.trackers import NO_TRACKERS, Trackers
from graphrec_cli.errors import Interrupted, LauncherError
from graphrec_cli.rundir.directory import RunDirectory, make_folder
from graphrec_cli.rundir.environment import command_line, describe_environment
from graphrec_cli.rundir.lock import held_lock
from graphrec_cli.rundir.sweep_folder import (
    SweepJob,
    SweepRecord,
    lock_file,
    read_results,
    result_file,
)
from graphrec_cli.system.device import pick_device
from graphrec_cli.terminal_text import one_line
from graphrec_cli.training.fit import Report
from graphrec_cli.workflows.launch import describe_run
from graphrec_cli.workflows.launched_sweep import launch_runs
from graphrec_cli.workflows.run_and_record import digest_of, run_and_record

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """A sweep that this process runs.

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


def plan_record(
    words: Sequence[str], sweep: Sweep, saved: SavedConfig | None, *, elsewhere: bool = False
) -> SweepRecord:
    """What a new sweep writes into its sweep.json.

    Args:
        elsewhere: the runs may be on other machines, with other devices.

    Raises:
        ConfigError: a device is not available.
    """
    for config in sweep.configs:
        pick_device(Device.auto if elsewhere else config.device)
    width = len(str(len(sweep.jobs)))
    jobs = [
        plan_job(number, job, values, config, width=width)
        for number, (job, values, config) in enumerate(
            zip(sweep.jobs, sweep.values, sweep.configs, strict=True)
        )
    ]
    peers = zip(sweep.ranked_with, sweep.floors, strict=True)
    return record_of(
        words,
        sweep.configs[0],
        saved,
        [
            replace(job, ranked_with=first, floor_of=floor)
            for job, (first, floor) in zip(jobs, peers, strict=True)
        ],
        elsewhere=elsewhere,
    )


def plan_job(
    number: int, words: list[str], values: dict[str, str], config: RunConfig, *, width: int
) -> SweepJob:
    """One run of a sweep, by its number from 0.

    Args:
        width: digits of the number in the name of the run directory.
    """
    plugins = tuple(LOADED.plugins.values())
    return SweepJob(
        words=words,
        values=values,
        config_sha256=digest_of(config_to_dict(SavedConfig(config, {}, plugins))),
        run=f"{number + 1:0{width}d}_{describe_run(config)}",
    )


def record_of(
    words: Sequence[str],
    config: RunConfig,
    saved: SavedConfig | None,
    jobs: list[SweepJob],
    *,
    elsewhere: bool,
) -> SweepRecord:
    """The content of sweep.json, with the surroundings of today.

    Args:
        config: of a run, for its device and threads.
    """
    device = pick_device(Device.auto if elsewhere else config.device)
    return SweepRecord(
        words=list(words),
        saved=None if saved is None else config_to_dict(saved),
        jobs=jobs,
        environment=describe_environment(command_line(), device, config.num_threads or 0),
        identity=secrets.token_hex(8),
    )


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
