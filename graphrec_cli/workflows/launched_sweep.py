"""Run the jobs of a sweep through a launcher, in processes of their own."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.hydra_app import launch_jobs
from graphrec_cli.config.launchers import Launcher
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.sweep import Sweep
from graphrec_cli.errors import Interrupted, LauncherError
from graphrec_cli.rundir.directory import RunDirectory, make_folder
from graphrec_cli.rundir.lock import is_locked
from graphrec_cli.rundir.sweep_folder import SweepJob, result_file
from graphrec_cli.storage.atomic import remove_file
from graphrec_cli.workflows.job_process import JobProcesses, log_file, visible_devices
from graphrec_cli.workflows.sweep_job import order_of
from graphrec_cli.workflows.sweep_watch import SweepWatch

log = logging.getLogger("graphrec")

_CORES = torch.get_num_threads()
"""What torch uses by default: the cores of this machine, or fewer if a variable says so."""
_KEPT = ("GRAPHREC_DATA",)
"""Variables that decide what a run is."""
_TO_CHECKPOINT = 60
"""Seconds for runs whose launcher is gone to write a checkpoint and end."""


def launch_runs(
    arguments: Arguments,
    sweep: Sweep,
    saved: SavedConfig | None,
    folder: Path,
    jobs: Sequence[SweepJob],
    launcher: Launcher,
    unfinished: dict[int, dict[str, Any]],
    *,
    retry_failed: bool,
    debug: bool,
) -> None:
    """Run jobs in other processes, which write their results into the sweep's folder.

    Args:
        folder: the sweep's folder.
        jobs: of its sweep.json.
        launcher: what runs them.
        unfinished: for every job that is to run, by number, its result if its process dies.
        retry_failed: resume failed runs too.

    Raises:
        Interrupted: a signal arrived, and the jobs have ended.
        LauncherError: the launcher stopped before all jobs had ended.
    """
    numbers = list(unfinished)
    make_folder(log_file(folder, 0).parent)
    for number in numbers:
        remove_file(result_file(folder, number))
        remove_file(log_file(folder, number))
    stop = (log_file(folder, 0).parent / f".stop_{secrets.token_hex(4)}").absolute()
    share = launcher.threads_per_job(len(numbers), _CORES)
    devices: list[str] = []
    if launcher.on_this_machine:
        devices = visible_devices(torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    processes = JobProcesses(
        working_dir=os.getcwd(),
        folder=str(folder.absolute()),
        stop=str(stop),
        orders={
            number: order_of(
                replace(arguments, overrides=sweep.jobs[number]),
                saved,
                folder,
                number=number,
                floor_of=sweep.floors[number],
                retry_failed=retry_failed,
                debug=debug,
                plugins=list(LOADED.names),
                accept_changed=LOADED.accept_changed,
                command=sys.argv,
            )
            for number in numbers
        },
        unfinished=unfinished,
        threads={number: sweep.configs[number].num_threads or share for number in numbers},
        environment={name: os.environ[name] for name in _KEPT if name in os.environ},
        devices=devices,
        slots=launcher.parallel_jobs(len(numbers), _CORES),
    )
    more = launcher.words_for(log_file(folder, 0).parent / "submitit")
    words = [*arguments.overrides, *more]
    watch = SweepWatch(folder, jobs, numbers, stop)
    try:
        with watch.watching():
            launch_jobs(replace(arguments, overrides=words), processes, folder, numbers)
    except LauncherError:
        _wait_for_checkpoints(folder, jobs, numbers)
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
