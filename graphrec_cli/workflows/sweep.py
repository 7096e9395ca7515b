"""Run the jobs of a sweep, and collect what became of them."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import Job
from graphrec_cli.config.hydra_app import run_sweep
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import Sweep
from graphrec_cli.errors import GraphrecError, Interrupted
from graphrec_cli.rundir.directory import make_unique_folder, timestamp
from graphrec_cli.storage.atomic import write_json
from graphrec_cli.system.device import pick_device
from graphrec_cli.terminal_text import one_line
from graphrec_cli.workflows.launch import run_job

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True)
class SweepOutcome:
    """How a sweep ended.

    Attributes:
        folder: its folder, with one JSON file for each result.
        results: of the runs that were started, by their number.
        exit_code: exit code of the command.
    """

    folder: Path
    results: list[dict[str, Any]]
    exit_code: int


def run_jobs(
    arguments: Arguments, sweep: Sweep, saved: SavedConfig | None, *, debug: bool
) -> SweepOutcome:
    """Run every job, even if others fail. An interruption ends the sweep.

    Raises:
        ConfigError: a device is not available, or the folder cannot be made.
    """
    for config in sweep.configs:
        pick_device(config.device)
    folder = make_unique_folder(Path(sweep.configs[0].output_dir), f"{timestamp()}_sweep")
    for line in sweep.skipped:
        log.info("%s", line)
    codes = []
    try:
        run_sweep(
            arguments,
            lambda job: _run_and_record(job, sweep, folder, debug=debug),
            folder,
            sweep.jobs,
            saved,
        )
    except Interrupted as interruption:
        codes.append(interruption.exit_code)
    results = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    results.sort(key=lambda result: int(result["number"]))
    codes += [result["exit_code"] for result in results]
    return SweepOutcome(folder, results, max(codes, default=1))


def _run_and_record(job: Job, sweep: Sweep, folder: Path, *, debug: bool) -> None:
    """Run a job and write its result into the folder of the sweep.

    Raises:
        Interrupted: a signal arrived, and the sweep must end.
    """
    labels, floors, total = sweep.labels, sweep.floors, len(sweep.jobs)
    label = labels[job.number] if job.number < total else " ".join(job.overrides)
    log.info("run %d of %d%s", job.number + 1, total, f": {label}" if label else "")
    result: dict[str, Any] = {
        "number": job.number,
        "floor_of": floors[job.number] if job.number < total else None,
        "overrides": job.overrides,
        "monitor": job.config.monitor(),
        "lower_is_better": job.config.evaluation.lower_is_better(job.config.monitor()),
        "run": None,
        "metrics": None,
    }
    stopped_by = None
    try:
        outcome = run_job(job, debug=debug, floor=_known_floor(folder, result["floor_of"]))
    except Exception as error:  # raised before the run directory was made
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
    write_json(folder / f"{job.number}.json", result)
    if result["exit_code"] >= 128:
        raise Interrupted(result["exit_code"] - 128)
    if stopped_by is not None:
        raise Interrupted(stopped_by)


def _known_floor(folder: Path, group: int | None) -> dict[str, Any] | None:
    """The floor that a finished run of the sweep found for the same data, seed and metric."""
    if group is None:
        return None
    for path in folder.glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["floor_of"] == group and result["metrics"] is not None:
            found: dict[str, Any] | None = result["metrics"]["floor"]
            return found
    return None
