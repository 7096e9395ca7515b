"""Run Hydra behind the command line: jobs are validated dataclasses, errors are one line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from graphrec_cli.config.argparse_help import text_as_help
from graphrec_cli.config.arguments import Arguments, hydra_words
from graphrec_cli.config.compose import Job, compose_job, compose_run, explained
from graphrec_cli.config.fitting_experiment import fitting_experiment
from graphrec_cli.config.options import conf_dir
from graphrec_cli.config.optuna_sweeper import register_sweeper
from graphrec_cli.config.plugins import LOADED, send_by_value
from graphrec_cli.config.ray_launcher import register_ray_launcher
from graphrec_cli.config.saved_options import saved_options
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import register_schemas
from graphrec_cli.config.text_values import quoted
from graphrec_cli.errors import ConfigError, GraphrecError, LauncherError
from graphrec_cli.terminal_text import first_line


class _Stopped(BaseException):
    """Raised by a job to leave Hydra, which would print ordinary errors itself."""


def print_config(arguments: Arguments, saved: SavedConfig | None = None) -> None:
    """Let Hydra print what a flag such as ``--cfg``, ``--info`` or ``--help`` asks for.

    Raises:
        ConfigError: the composition or a value was refused.
    """
    if "--cfg" in arguments.flags:
        compose_run(arguments, saved)
    said = io.StringIO()
    try:
        with (
            saved_options(saved) as selected,
            fitting_experiment(arguments) as (overrides, _),
            redirect_stderr(said),
            explained(arguments.overrides),
        ):
            _run_hydra(lambda node: None, replace(arguments, overrides=overrides), selected)
    except SystemExit as end:
        if end.code:
            lines = said.getvalue().strip().splitlines() or ["Hydra stopped without a message"]
            raise ConfigError(lines[-1]) from end


def run_sweep(
    arguments: Arguments,
    run: Callable[[Job], None],
    folder: Path,
    jobs: Sequence[Sequence[str]],
    saved: SavedConfig | None = None,
    numbers: Sequence[int] | None = None,
) -> None:
    """Compose every job of a sweep, and hand each to ``run``, one after the other.

    Args:
        arguments: the words of the command, with ``--multirun``. Those of Hydra's own keys have
            Hydra call ``run``.
        run: called once per job.
        folder: where Hydra writes the file that describes the sweep.
        jobs: the words of each job.
        saved: values that the arguments are put on; None is those of ``conf``.
        numbers: of the jobs that run; None runs all.

    Raises:
        ConfigError: the composition or a value was refused.
    """
    chosen = range(len(jobs)) if numbers is None else numbers

    def start(number: int) -> None:
        job = compose_job(replace(arguments, overrides=list(jobs[number])), saved)
        run(replace(job, number=number))

    own = hydra_words(arguments.overrides)
    if not own or not chosen:
        for number in chosen:
            start(number)
        return
    words = sys.argv
    errors: list[Exception] = []

    def task(node: DictConfig) -> None:
        sys.argv = words
        GlobalHydra.instance().clear()  # else Hydra refuses to compose within a job of its own
        try:
            start(node.seed)
        except Exception as error:
            errors.append(error)
            raise _Stopped from error

    with suppress(_Stopped), explained(own):
        _run_hydra(task, replace(arguments, overrides=own), _job_numbers(chosen, folder))
    if errors:
        raise errors[0]


def launch_jobs(
    arguments: Arguments, start: Callable[[int], None], folder: Path, numbers: Sequence[int]
) -> None:
    """Have the launcher that the words choose call ``start`` once per job, in other processes.

    Args:
        arguments: the words of the command, with ``--multirun`` and ``hydra/launcher``.
        start: called with the number of a job; can be pickled.
        folder: where Hydra writes the file that describes the sweep.
        numbers: of the jobs that run, at least one.

    Raises:
        LauncherError: the launcher stopped before all jobs had ended.
    """
    if LOADED.names:
        send_by_value()
    own = hydra_words(arguments.overrides)
    try:
        _run_hydra(
            _ByNumber(start), replace(arguments, overrides=own), _job_numbers(numbers, folder)
        )
    except GraphrecError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise LauncherError(f"the launcher stopped: {reason}") from error


@dataclass(frozen=True, slots=True)
class _ByNumber:
    """What Hydra calls for a job; launchers pickle it."""

    start: Callable[[int], None]

    def __call__(self, node: DictConfig) -> None:
        self.start(node.seed)


def _job_numbers(numbers: Sequence[int], folder: Path) -> list[str]:
    """Words of a sweep over numbers alone: Hydra would compose keys that a job leaves out."""
    listed = ",".join(map(str, numbers))
    return [f"seed={listed}", f"hydra.sweep.dir={quoted(str(folder))}"]


def _run_hydra(
    task: Callable[[DictConfig], None], arguments: Arguments, more: Sequence[str]
) -> None:
    """Hydra's own entry point with our words; it raises errors instead of printing tracebacks.

    Args:
        task: called with the composed config of every job.
        more: words besides the arguments.
    """
    register_schemas()
    register_ray_launcher()
    register_sweeper()
    main = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
    old_words, old_value = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["graphrec", *arguments.flags, *more, *arguments.overrides]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        with text_as_help():
            main(task)()
    finally:
        # Otherwise ${hydra:...} would have the values of this job in the next composition.
        HydraConfig.instance().cfg = None
        sys.argv = old_words
        if old_value is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = old_value
