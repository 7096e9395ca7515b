"""Run Hydra behind the command line: jobs are validated dataclasses, errors are one line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import replace
from pathlib import Path

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from graphrec_cli.config.argparse_help import text_as_help
from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import Job, compose_job, compose_run, explained
from graphrec_cli.config.fitting_experiment import fitting_experiment
from graphrec_cli.config.options import conf_dir
from graphrec_cli.config.plugins import LOADED, loaded_plugins, send_by_value
from graphrec_cli.config.saved_options import saved_options
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import register_schemas
from graphrec_cli.config.text_values import quoted
from graphrec_cli.errors import ConfigError


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
) -> None:
    """Compose every job of a sweep, and hand each to ``run``.

    One after the other, unless a word such as ``hydra/launcher=joblib`` has Hydra start them.

    Args:
        arguments: the words of the command, with ``--multirun``.
        run: called once per job.
        folder: where Hydra writes the file that describes the sweep.
        jobs: the words of each job.
        saved: values that the arguments are put on; None is those of ``conf``.

    Raises:
        ConfigError: the composition or a value was refused.
    """

    def start(number: int) -> None:
        job = compose_job(replace(arguments, overrides=list(jobs[number])), saved)
        run(replace(job, number=number))

    own = [word for word in arguments.overrides if word.lstrip("+").startswith("hydra")]
    if not own:
        for number in range(len(jobs)):
            start(number)
        return
    words = sys.argv
    errors: list[Exception] = []
    plugins, accept_changed = LOADED.names, LOADED.accept_changed

    def task(node: DictConfig) -> None:
        sys.argv = words
        GlobalHydra.instance().clear()  # else Hydra refuses to compose within a job of its own
        try:
            # A launcher may run jobs in other processes.
            with loaded_plugins(plugins, accept_changed=accept_changed):
                start(node.seed)
        except Exception as error:
            errors.append(error)
            raise _Stopped from error

    if plugins:
        send_by_value()
    # Hydra only counts the jobs: it would compose keys that ``compose_job`` leaves out of a job.
    numbers = f"seed=range(0,{len(jobs)})"
    with suppress(_Stopped):
        _run_hydra(
            task,
            replace(arguments, overrides=own),
            [numbers, f"hydra.sweep.dir={quoted(str(folder))}"],
        )
    if errors:
        raise errors[0]


def _run_hydra(
    task: Callable[[DictConfig], None], arguments: Arguments, more: Sequence[str]
) -> None:
    """Hydra's own entry point with our words; it raises errors instead of printing tracebacks.

    Args:
        task: called with the composed config of every job.
        more: words besides the arguments.
    """
    register_schemas()
    main = hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")
    old_words, old_value = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["graphrec", *arguments.flags, *more, *arguments.overrides]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        with explained(arguments.overrides), text_as_help():
            main(task)()
    finally:
        # Otherwise ${hydra:...} would have the values of this job in the next composition.
        HydraConfig.instance().cfg = None
        sys.argv = old_words
        if old_value is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = old_value
