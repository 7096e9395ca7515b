"""One run of a sweep: start or resume it, and write what became of it into the sweep's folder."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from graphrec_cli.config.compose import Job
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import config_from_dict
from graphrec_cli.config.sweep import describe_values
from graphrec_cli.config.trackers import NO_TRACKERS, Trackers
from graphrec_cli.errors import ConfigError, GraphrecError, Interrupted
from graphrec_cli.rundir.config_fingerprint import MACHINE, config_sha256
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.sweep_folder import SweepJob, read_results, result_file
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.terminal_text import one_line
from graphrec_cli.training.fit import Report
from graphrec_cli.workflows.launch import resume_run, run_job
from graphrec_cli.workflows.run_outcome import RunOutcome

log = logging.getLogger("graphrec")


def run_and_record(
    job: Job,
    folder: Path,
    jobs: Sequence[SweepJob],
    *,
    planned: int,
    retry_failed: bool,
    debug: bool,
    report: Report | None = None,
    trackers: Trackers = NO_TRACKERS,
) -> None:
    """Run a job, or take the result of an earlier start, and write it into the sweep's folder.

    Args:
        folder: the sweep's folder.
        jobs: of its sweep.json.
        planned: number of runs in all, also of those that a search has not drawn yet.
        retry_failed: resume a failed run.
        report: called after every validation; it may raise ``Pruned``.
        trackers: what follows the run.

    Raises:
        Interrupted: a signal arrived, and the sweep must end.
    """
    own, started = jobs[job.number], time.monotonic()
    known = read_results(folder, len(jobs))
    label = describe_values(own.values)
    log.info(
        "run %d of %d%s%s",
        job.number + 1,
        planned,
        f": {label}" if label else "",
        describe_left(known, range(job.number, planned)),
    )
    result = blank_result(job.number, own, job.config)
    stopped_by = None
    try:
        run = RunDirectory(folder / own.run)
        outcome = _ended_before(run, known, job, retry_failed=retry_failed)
        if outcome is None:
            floor = _known_floor(known, own.floor_of)
            outcome = _start_or_resume(
                job, run, own, floor, report=report, trackers=trackers, debug=debug
            )
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


def blank_result(number: int, job: SweepJob, config: RunConfig) -> dict[str, Any]:
    """The result of a job that has no run."""
    monitor = config.monitor()
    return {
        "number": number,
        "values": job.values,
        "floor_of": job.floor_of,
        "ranked_with": job.ranked_with,
        "overrides": job.words,
        "monitor": monitor,
        "lower_is_better": config.evaluation.lower_is_better(monitor),
        "run": None,
        "metrics": None,
        "state": "failed",
        "seconds": 0.0,
    }


def digest_of(content: dict[str, Any]) -> str:
    """Digest of a config.json, whatever the machine."""
    return config_sha256(content, but=MACHINE)


def describe_left(
    results: Collection[dict[str, Any]], numbers: Iterable[int], at_once: int = 1
) -> str:
    """The time that runs take if each takes as long as those so far; empty if that is not known.

    Args:
        results: of the sweep so far.
        numbers: of the runs; those that have ended take no time.
        at_once: how many run at the same time.
    """
    ended = [of for of in results if of["state"] != "interrupted"]
    seconds = [of["seconds"] for of in ended if of["state"] != "failed"]
    left = len(set(numbers) - {of["number"] for of in ended})
    if not seconds or not left:
        return ""
    mean = sum(seconds) / len(seconds)
    return f"; about {tqdm.format_interval(left * mean / min(at_once, left))} left"


def _ended_before(
    run: RunDirectory, results: Sequence[dict[str, Any]], job: Job, *, retry_failed: bool
) -> RunOutcome | None:
    """The outcome of a run that failed or was pruned in an earlier start; None for any other."""
    if not run.config.is_file():
        return None
    state, error = run.state()
    if state == "pruned":
        return RunOutcome(run=run, config=job.config, metrics=None, error=error, exit_code=0)
    if state != "failed" or retry_failed:
        return None
    log.info("it failed before: %s; sweep.retry_failed=true resumes it", error)
    codes = [result["exit_code"] for result in results if result["number"] == job.number]
    return RunOutcome(
        run=run, config=job.config, metrics=None, error=error, exit_code=max([*codes, 1])
    )


def _start_or_resume(
    job: Job,
    run: RunDirectory,
    own: SweepJob,
    floor: dict[str, Any] | None,
    *,
    report: Report | None,
    trackers: Trackers,
    debug: bool,
) -> RunOutcome:
    """Train in the job's run directory, from its last checkpoint if there is one.

    Raises:
        ConfigError: the directory is that of another run, or in use.
    """
    if not run.config.is_file():
        return run_job(
            job, folder=run.path, debug=debug, floor=floor, report=report, trackers=trackers
        )
    run = RunDirectory.find(str(run.path))
    found = run.read(run.config)
    if digest_of(found) != own.config_sha256:
        raise ConfigError(
            f"{run.config} is not the config of this run of the sweep; restore it, or remove "
            f"{run.path} to train the run again"
        )
    saved = config_from_dict(found, str(run.config))
    # Another number of threads would change the last bits.
    threads = job.config.num_threads or saved.config.num_threads
    wanted = replace(job.config, num_threads=threads)
    return resume_run(run, saved, wanted, debug=debug, report=report, trackers=trackers)


def _known_floor(results: Sequence[dict[str, Any]], group: int | None) -> dict[str, Any] | None:
    """The floor that a finished run of the sweep found for the same data, seed and metric."""
    if group is None:
        return None
    for result in results:
        if result["floor_of"] == group and result["metrics"] is not None:
            found: dict[str, Any] | None = result["metrics"]["floor"]
            return found
    return None
