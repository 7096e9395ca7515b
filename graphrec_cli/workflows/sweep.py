"""Run the jobs of a sweep, or what is left of them, and collect what became of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import Job
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.config.launchers import Launcher, hydra_words
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.run import Device
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.config.sweep import Sweep
from graphrec_cli.errors import ConfigError, GraphrecError, Interrupted, LauncherError
from graphrec_cli.rundir.config_fingerprint import MACHINE, config_sha256
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
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.system.device import pick_device
from graphrec_cli.terminal_text import one_line
from graphrec_cli.workflows.launch import RunOutcome, describe_run, resume_run, run_job
from graphrec_cli.workflows.launched_sweep import launch_runs

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """How a sweep ended.

    Attributes:
        results: of the runs that were started, by their number.
        exit_code: exit code of the command.
    """

    results: list[dict[str, Any]]
    exit_code: int


def plan_record(
    words: Sequence[str], sweep: Sweep, saved: SavedConfig | None, *, elsewhere: bool = False
) -> SweepRecord:
    """What a new sweep writes into its sweep.json.

    Args:
        elsewhere: the runs may be on other machines, with other devices.

    Raises:
        ConfigError: a device is not available.
    """
    devices = [pick_device(Device.auto if elsewhere else config.device) for config in sweep.configs]
    width = len(str(len(sweep.jobs)))
    plugins = tuple(LOADED.plugins.values())
    jobs = [
        SweepJob(
            words=job,
            label=label,
            config_sha256=_digest(config_to_dict(SavedConfig(config, {}, plugins))),
            run=f"{number:0{width}d}_{describe_run(config)}",
        )
        for number, (job, label, config) in enumerate(
            zip(sweep.jobs, sweep.labels, sweep.configs, strict=True), start=1
        )
    ]
    return SweepRecord(
        words=list(words),
        saved=None if saved is None else config_to_dict(saved),
        jobs=jobs,
        environment=describe_environment(
            command_line(), devices[0], sweep.configs[0].num_threads or 0
        ),
    )


def run_jobs(
    arguments: Arguments,
    sweep: Sweep,
    saved: SavedConfig | None,
    folder: Path,
    jobs: Sequence[SweepJob],
    *,
    launcher: Launcher | None,
    retry_failed: bool,
    debug: bool,
) -> SweepOutcome:
    """Run every job that is not completed, even if others fail. An interruption ends the sweep.

    Args:
        folder: the sweep's folder.
        jobs: of its sweep.json.
        launcher: what runs the jobs in other processes; None has them take turns in this one.
        retry_failed: resume failed runs too.

    Raises:
        RunInUse: another process runs this sweep.
        OutputError: the folder cannot be written to.
    """
    for line in sweep.skipped:
        log.info("%s", line)
    make_folder(result_file(folder, 0).parent)
    codes = []

    def run(job: Job) -> None:
        floor_of = sweep.floors[job.number]
        run_and_record(job, folder, jobs, floor_of=floor_of, retry_failed=retry_failed, debug=debug)

    with held_lock(lock_file(folder)):
        try:
            if launcher is None:
                run_sweep(arguments, run, folder, sweep.jobs, saved)
            else:
                ended = [
                    number
                    for number, job in enumerate(jobs)
                    if _has_ended(RunDirectory(folder / job.run), retry_failed=retry_failed)
                ]
                own = hydra_words(arguments.overrides)
                words = [word for word in arguments.overrides if word not in own]
                here = replace(arguments, overrides=words)
                run_sweep(here, run, folder, sweep.jobs, saved, numbers=ended)
                unfinished = {
                    number: _blank_result(
                        Job(
                            config=sweep.configs[number],
                            choices={},
                            overrides=sweep.jobs[number],
                            number=number,
                        ),
                        sweep.floors[number],
                    )
                    for number in range(len(jobs))
                    if number not in ended
                }
                if unfinished:
                    launch_runs(
                        arguments,
                        sweep,
                        saved,
                        folder,
                        jobs,
                        launcher,
                        unfinished,
                        retry_failed=retry_failed,
                        debug=debug,
                    )
        except Interrupted as interruption:
            codes.append(interruption.exit_code)
            log.info("interrupted: graphrec train -m sweep.resume=%s continues it", folder)
        except LauncherError as error:
            codes.append(error.exit_code)
            log.error(
                "error: %s; graphrec train -m sweep.resume=%s continues it", one_line(error), folder
            )
    results = read_results(folder, len(jobs))
    codes += [result["exit_code"] for result in results]
    return SweepOutcome(results, max(codes, default=1))


def _has_ended(run: RunDirectory, *, retry_failed: bool) -> bool:
    """Whether there is nothing left to train, so that no process is started for the run."""
    if not run.config.is_file():
        return False
    state, _ = run.state()
    return state == "completed" or (state == "failed" and not retry_failed)


def _blank_result(job: Job, floor_of: int | None) -> dict[str, Any]:
    """The result of a job that has no run."""
    monitor = job.config.monitor()
    return {
        "number": job.number,
        "floor_of": floor_of,
        "overrides": job.overrides,
        "monitor": monitor,
        "lower_is_better": job.config.evaluation.lower_is_better(monitor),
        "run": None,
        "metrics": None,
    }


def run_and_record(
    job: Job,
    folder: Path,
    jobs: Sequence[SweepJob],
    *,
    floor_of: int | None,
    retry_failed: bool,
    debug: bool,
) -> None:
    """Run a job, or take the result of an earlier start, and write it into the sweep's folder.

    Args:
        folder: the sweep's folder.
        jobs: of its sweep.json.
        floor_of: number of the first job with the same floor; None without one.
        retry_failed: resume a failed run.

    Raises:
        Interrupted: a signal arrived, and the sweep must end.
    """
    own, of = jobs[job.number], f"run {job.number + 1} of {len(jobs)}"
    log.info("%s%s", of, f": {own.label}" if own.label else "")
    result = _blank_result(job, floor_of)
    stopped_by = None
    try:
        run = RunDirectory(folder / own.run)
        known = read_results(folder, len(jobs))
        outcome = None if retry_failed else _failed_before(run, known, job)
        if outcome is None:
            floor = _known_floor(known, floor_of)
            outcome = _start_or_resume(job, run, own.config_sha256, floor, debug=debug)
    except Exception as error:  # raised outside the run
        line = one_line(error)
        if isinstance(error, GraphrecError):
            result |= {"exit_code": error.exit_code, "error": line}
        else:
            result |= {"exit_code": 1, "error": f"{type(error).__name__}: {line}"}
    else:
        result |= {"exit_code": outcome.exit_code, "error": outcome.error}
        result |= {"run": str(outcome.run.path), "metrics": outcome.metrics}
        stopped_by = outcome.stopped_by
    # Through files, because a Hydra launcher may run its jobs in other processes.
    write_json(result_file(folder, job.number), result)
    if result["exit_code"] >= 128:
        raise Interrupted(result["exit_code"] - 128)
    if stopped_by is not None:
        raise Interrupted(stopped_by)


def _failed_before(
    run: RunDirectory, results: Sequence[dict[str, Any]], job: Job
) -> RunOutcome | None:
    """The outcome of a run that failed in an earlier start of the sweep; None for any other."""
    if not run.config.is_file():
        return None
    state, error = run.state()
    if state != "failed":
        return None
    log.info("it failed before: %s; sweep.retry_failed=true resumes it", error)
    codes = [result["exit_code"] for result in results if result["number"] == job.number]
    return RunOutcome(
        run=run, config=job.config, metrics=None, error=error, exit_code=max([*codes, 1])
    )


def _start_or_resume(
    job: Job,
    run: RunDirectory,
    digest: str,
    floor: dict[str, Any] | None,
    *,
    debug: bool,
) -> RunOutcome:
    """Train in the job's run directory, from its last checkpoint if there is one.

    Raises:
        ConfigError: the directory is that of another run, or in use.
    """
    if not run.config.is_file():
        return run_job(job, folder=run.path, debug=debug, floor=floor)
    run = RunDirectory.find(str(run.path))
    found = run.read(run.config)
    if _digest(found) != digest:
        raise ConfigError(
            f"{run.config} is not the config of this run of the sweep; restore it, or remove "
            f"{run.path} to train the run again"
        )
    saved = config_from_dict(found, str(run.config))
    # Another number of threads would change the last bits.
    threads = job.config.num_threads or saved.config.num_threads
    return resume_run(run, saved, replace(job.config, num_threads=threads), debug=debug)


def _digest(content: dict[str, Any]) -> str:
    return config_sha256(content, but=MACHINE)


def _known_floor(results: Sequence[dict[str, Any]], group: int | None) -> dict[str, Any] | None:
    """The floor that a finished run of the sweep found for the same data, seed and metric."""
    if group is None:
        return None
    for result in results:
        if result["floor_of"] == group and result["metrics"] is not None:
            found: dict[str, Any] | None = result["metrics"]["floor"]
            return found
    return None
