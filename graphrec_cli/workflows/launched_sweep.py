"""Run the jobs of a sweep through a launcher, in processes of their own."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from graphrec_cli.config.hydra_app import launch_jobs
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.errors import Interrupted, LauncherError
from graphrec_cli.rundir.directory import RunDirectory, make_folder
from graphrec_cli.rundir.lock import is_locked
from graphrec_cli.rundir.sweep_folder import SweepJob, log_file, read_results
from graphrec_cli.storage.atomic import remove_file
from graphrec_cli.workflows.job_process import JobProcesses, visible_devices
from graphrec_cli.workflows.run_and_record import blank_result
from graphrec_cli.workflows.sweep_job import order_of
from graphrec_cli.workflows.sweep_run import SweepRun
from graphrec_cli.workflows.sweep_watch import SweepWatch

if TYPE_CHECKING:
    from graphrec_cli.training.fit import Report

log = logging.getLogger("graphrec")

_CORES = torch.get_num_threads()
"""What torch uses by default: the cores of this machine, or fewer if a variable says so."""
_KEPT = ("GRAPHREC_DATA",)
"""Variables that decide what a run is."""
_TO_CHECKPOINT = 60
"""Seconds for runs whose launcher is gone to write a checkpoint and end."""
_TO_RECORD = 0.5
"""Seconds for them to write their results after that."""


def jobs_at_a_time(run: SweepRun) -> int:
    """How many jobs of a sweep run at the same time, if the launcher is on this machine."""
    return 1 if run.launcher is None else run.launcher.parallel_jobs(run.planned, _CORES)


def launch_runs(run: SweepRun, numbers: Sequence[int], reports: Mapping[int, Report]) -> None:
    """Run jobs in other processes, which write their results into the sweep's folder.

    Args:
        run: the sweep, with a launcher.
        numbers: of the jobs, from 0.
        reports: those of the trials of a search, by number.

    Raises:
        Interrupted: a signal arrived, and the jobs have ended.
        LauncherError: the launcher stopped before all jobs had ended.
    """
    launcher, folder = run.launcher, run.folder
    assert launcher is not None
    make_folder(log_file(folder, 0).parent)
    for number in numbers:
        remove_file(log_file(folder, number))
    earlier = {of["number"]: of["seconds"] for of in read_results(folder, len(run.jobs))}
    stop = (log_file(folder, 0).parent / f".stop_{secrets.token_hex(4)}").absolute()
    share = launcher.threads_per_job(len(numbers), _CORES)
    devices: list[str] = []
    if launcher.on_this_machine:
        devices = visible_devices(torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    processes = JobProcesses(
        command=os.getpid(),
        working_dir=os.getcwd(),
        folder=str(folder.absolute()),
        stop=str(stop),
        orders={
            number: order_of(
                run,
                number,
                report=reports.get(number),
                plugins=list(LOADED.names),
                accept_changed=LOADED.accept_changed,
                command=sys.argv,
            )
            for number in numbers
        },
        unfinished={
            number: blank_result(number, run.jobs[number], run.configs[number])
            | {"seconds": earlier.get(number, 0.0)}
            for number in numbers
        },
        threads={number: run.configs[number].num_threads or share for number in numbers},
        environment={name: os.environ[name] for name in _KEPT if name in os.environ},
        devices=devices,
        slots=launcher.parallel_jobs(len(numbers), _CORES),
    )
    more = launcher.words_for(log_file(folder, 0).parent / "submitit")
    words = [*run.arguments.overrides, *more]
    watch = SweepWatch(folder, run.jobs, run.planned, numbers, stop)
    try:
        with watch.watching():
            launch_jobs(replace(run.arguments, overrides=words), processes, folder, numbers)
    except LauncherError:
        _wait_for_checkpoints(folder, run.jobs, numbers)
        if watch.received is None:
            raise
    if watch.received is not None:
        remove_file(stop)
        raise Interrupted(watch.received)


def _wait_for_checkpoints(folder: Path, jobs: Sequence[SweepJob], numbers: Sequence[int]) -> None:
    """Wait until no run is being trained any more; the end of the launcher has told them to end."""
    until = time.monotonic() + _TO_CHECKPOINT
    locks = [RunDirectory(folder / jobs[number].run).lock for number in numbers]
    while time.monotonic() < until and any(map(is_locked, locks)):
        time.sleep(0.1)
    time.sleep(_TO_RECORD)
