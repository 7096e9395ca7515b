"""A Hydra launcher that runs each job of a sweep as a task of Ray."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cache
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from graphrec_cli.config.hydra_plugin import register_plugin
from graphrec_cli.errors import LauncherError
from graphrec_cli.terminal_text import counted, first_line

RAY = "graphrec_ray"
"""Its name in ``hydra/launcher=``; ``ray`` is that of a plugin for older versions of Ray."""
_PATIENCE = 0.5
"""Seconds between two looks at the tasks, in which a signal of this process is handled."""


@dataclass
class RayLauncherConfig:
    """Keys of ``hydra.launcher``."""

    _target_: str = f"hydra_plugins.{RAY}.RayLauncher"
    address: str | None = None
    """Of a running cluster, or ``auto`` for the one of this machine; null starts one here."""
    num_cpus: int = 1
    """CPUs that a job reserves, which is also its number of threads."""
    num_gpus: float | None = None
    """GPUs that a job reserves; null: 1 if the cluster has any."""


class RayLauncher(Launcher):
    """Runs each job as a task of Ray."""

    def __init__(self, address: str | None, num_cpus: int, num_gpus: float | None) -> None:
        self._address, self._num_cpus, self._num_gpus = address, num_cpus, num_gpus

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Keep what the jobs are run with; Hydra calls this before ``launch``."""
        self._context, self._task, self._config = hydra_context, task_function, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run the jobs, and wait for all.

        Raises:
            LauncherError: the cluster cannot be reached, or the process of a job died.
        """
        # Ray would report its use to its makers, and colour what it says.
        os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_COLOR_PREFIX="0")
        import ray

        with redirect_stdout(sys.stderr):  # Ray prints there that a worker died
            try:
                with _kept_handler(signal.SIGTERM):
                    ray.init(self._address, log_to_driver=False, logging_level=logging.ERROR)
            except Exception as error:
                raise LauncherError(f"cannot start or reach Ray: {first_line(error)}") from error
            try:
                return self._run_all(ray, job_overrides, initial_job_idx)
            finally:
                ray.shutdown()

    def _run_all(
        self, ray: Any, job_overrides: Sequence[Sequence[str]], first: int
    ) -> list[JobReturn]:
        """Start a task for each job, and wait for all.

        Raises:
            LauncherError: the process of a job died.
        """
        options = {"num_cpus": self._num_cpus, "num_gpus": self._gpus(ray), "max_retries": 0}
        start = ray.remote(**options)(_run_job)
        states = Singleton.get_state()
        tasks = [
            start.remote(self._context, self._task, self._config, list(words), number, states)
            for number, words in enumerate(job_overrides, start=first)
        ]
        waiting = tasks
        while waiting:
            _, waiting = ray.wait(waiting, num_returns=len(waiting), timeout=_PATIENCE)
        return _results(ray, tasks)

    def _gpus(self, ray: Any) -> float:
        if self._num_gpus is not None:
            return self._num_gpus
        return float(ray.cluster_resources().get("GPU", 0) > 0)


@contextmanager
def _kept_handler(number: int) -> Iterator[None]:
    """Undo what the block does to the handler of a signal."""
    before = signal.getsignal(number)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, before)


def _results(ray: Any, tasks: Sequence[Any]) -> list[JobReturn]:
    results: list[JobReturn] = []
    died = []
    for task in tasks:
        try:
            results.append(ray.get(task))
        except ray.exceptions.RayError as error:
            died.append(first_line(error))
    if died:
        raise LauncherError(f"{counted(len(died), 'task')} of Ray failed: {died[0]}")
    return results


def _run_job(
    context: HydraContext,
    task: TaskFunction,
    config: DictConfig,
    words: list[str],
    number: int,
    states: dict[Any, Any],
) -> JobReturn:
    """Run one job in a worker of Ray, as Hydra's own launchers do in theirs."""
    setup_globals()
    Singleton.set_state(states)
    own = context.config_loader.load_sweep_config(config, words)
    with open_dict(own):
        own.hydra.job.id = f"{own.hydra.job.name}_{number}"
        own.hydra.job.num = number
    HydraConfig.instance().set_config(own)
    return run_job(
        hydra_context=context,
        task_function=task,
        config=own,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )


def store_ray_launcher() -> None:
    """Let Hydra compose ``hydra/launcher=graphrec_ray``."""
    ConfigStore.instance().store(group="hydra/launcher", name=RAY, node=RayLauncherConfig)


@cache
def register_ray_launcher() -> None:
    """Let Hydra start jobs with ``hydra/launcher=graphrec_ray``."""
    register_plugin(RayLauncher, RAY)
