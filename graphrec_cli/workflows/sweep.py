"""Run the jobs of a sweep, or what is left of them, and collect what became of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import Job
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.config.sweep import Sweep, describe_values
from graphrec_cli.errors import ConfigError, GraphrecError, Interrupted
from graphrec_cli.reporting.sweep_files import write_runs
from graphrec_cli.reporting.sweep_plots import draw_sweep
from graphrec_cli.results.sweep_summary import rank_runs
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
from graphrec_cli.system.progress import progress
from graphrec_cli.terminal_text import one_line
from graphrec_cli.workflows.launch import RunOutcome, describe_run, resume_run, run_job

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


def plan_record(words: Sequence[str], sweep: Sweep, saved: SavedConfig | None) -> SweepRecord:
    """What a new sweep writes into its sweep.json.

    Raises:
        ConfigError: a device is not available.
    """
    devices = [pick_device(config.device) for config in sweep.configs]
    width = len(str(len(sweep.jobs)))
    plugins = tuple(LOADED.plugins.values())
    jobs = [
        SweepJob(
            words=job,
            values=values,
            config_sha256=_digest(config_to_dict(SavedConfig(config, {}, plugins))),
            run=f"{number:0{width}d}_{describe_run(config)}",
        )
        for number, (job, values, config) in enumerate(
            zip(sweep.jobs, sweep.values, sweep.configs, strict=True), start=1
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
    retry_failed: bool,
    debug: bool,
) -> SweepOutcome:
    """Run every job that is not completed, even if others fail. An interruption ends the sweep.

    Args:
        folder: the sweep's folder.
        jobs: of its sweep.json.
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
        _run_and_record(job, sweep, folder, jobs, retry_failed=retry_failed, debug=debug)

    with held_lock(lock_file(folder)):
        try:
            run_sweep(arguments, run, folder, sweep.jobs, saved)
        except Interrupted as interruption:
            codes.append(interruption.exit_code)
            log.info("interrupted: graphrec train -m sweep.resume=%s continues it", folder)
    results = read_results(folder, len(jobs))
    all_completed = [result["state"] for result in results] == ["completed"] * len(jobs)
    return SweepOutcome(results, codes[0] if codes else int(not all_completed))


def write_sweep_figures(
    folder: Path, results: Sequence[dict[str, Any]], *, show_test: bool, plots: bool
) -> None:
    """Write sweep.csv, and sweep.png with ``plots``, into the sweep's folder.

    Raises:
        OutputError: a file cannot be written.
    """
    write_runs(folder / "sweep.csv", results, show_test=show_test)
    if plots:
        with progress("drawing the sweep"):
            draw_sweep(rank_runs(results), folder / "sweep.png")


def _run_and_record(
    job: Job,
    sweep: Sweep,
    folder: Path,
    jobs: Sequence[SweepJob],
    *,
    retry_failed: bool,
    debug: bool,
) -> None:
    """Run a job, or take the result of an earlier start, and write it into the sweep's folder.

    Raises:
        Interrupted: a signal arrived, and the sweep must end.
    """
    own, started = jobs[job.number], time.monotonic()
    known = read_results(folder, len(jobs))
    label = describe_values(own.values)
    log.info(
        "run %d of %d%s%s",
        job.number + 1,
        len(jobs),
        f": {label}" if label else "",
        _describe_left(known, job.number, len(jobs)),
    )
    result: dict[str, Any] = {
        "number": job.number,
        "values": own.values,
        "floor_of": sweep.floors[job.number],
        "ranked_with": sweep.ranked_with[job.number],
        "overrides": job.overrides,
        "monitor": job.config.monitor(),
        "lower_is_better": job.config.evaluation.lower_is_better(job.config.monitor()),
        "run": None,
        "metrics": None,
        "state": "failed",
    }
    stopped_by = None
    try:
        run = RunDirectory(folder / own.run)
        outcome = None if retry_failed else _failed_before(run, known, job)
        if outcome is None:
            floor = _known_floor(known, result["floor_of"])
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
        result["state"] = outcome.run.state()[0]
        stopped_by = outcome.stopped_by
    earlier = [other["seconds"] for other in known if other["number"] == job.number]
    result["seconds"] = round(sum(earlier) + time.monotonic() - started, 3)
    # Through files, because a Hydra launcher may run its jobs in other processes.
    write_json(result_file(folder, job.number), result)
    if result["exit_code"] >= 128:
        raise Interrupted(result["exit_code"] - 128)
    if stopped_by is not None:
        raise Interrupted(stopped_by)


def _describe_left(known: Sequence[dict[str, Any]], number: int, jobs: int) -> str:
    """The time that this and the later runs take if each takes as long as those so far."""
    seconds = [other["seconds"] for other in known if other["state"] == "completed"]
    done = {other["number"] for other in known if other["state"] in ("completed", "failed")}
    left = len(set(range(number, jobs)) - done)
    if not seconds or not left:
        return ""
    return f"; about {tqdm.format_interval(left * sum(seconds) / len(seconds))} left"


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
