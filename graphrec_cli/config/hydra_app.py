"""Run Hydra behind the command line: jobs are validated dataclasses, errors are one line."""

from __future__ import annotations

import io
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, suppress
from dataclasses import replace
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from omegaconf import DictConfig

from graphrec_cli.config.argparse_help import text_as_help
from graphrec_cli.config.arguments import Arguments
from graphrec_cli.config.compose import Job, compose_run, explained, quoted, to_job
from graphrec_cli.config.options import conf_dir
from graphrec_cli.config.plugins import LOADED, loaded_plugins, send_by_value
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.saved_options import saved_options
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import register_schemas
from graphrec_cli.errors import ConfigError

_LISTED = (ValueType.CHOICE_SWEEP, ValueType.SIMPLE_CHOICE_SWEEP, ValueType.RANGE_SWEEP)


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
        with saved_options(saved) as selected, redirect_stderr(said):
            _run_hydra(lambda node: None, arguments, selected)
    except SystemExit as end:
        if end.code:
            lines = said.getvalue().strip().splitlines() or ["Hydra stopped without a message"]
            raise ConfigError(lines[-1]) from end


def run_sweep(
    arguments: Arguments,
    run: Callable[[Job], None],
    folder: Path,
    saved: SavedConfig | None = None,
) -> None:
    """Have Hydra compose every job of a sweep, and hand each to ``run``.

    Args:
        arguments: the words of the command, with ``--multirun``.
        run: called once per job.
        folder: where Hydra writes the file that describes the sweep.
        saved: values that the arguments are put on; None is those of ``conf``.

    Raises:
        ConfigError: the composition or a value was refused.
    """
    words = sys.argv
    errors: list[Exception] = []
    plugins, accept_changed = LOADED.names, LOADED.accept_changed

    def task(node: DictConfig) -> None:
        sys.argv = words
        try:
            runtime = HydraConfig.get()
            assert isinstance(runtime, DictConfig)
            # A launcher may run jobs in other processes.
            with loaded_plugins(plugins, accept_changed=accept_changed):
                run(to_job(node, runtime, saved))
        except Exception as error:
            errors.append(error)
            raise _Stopped from error

    if plugins:
        send_by_value()
    with saved_options(saved) as selected, suppress(_Stopped):
        _run_hydra(task, arguments, [*selected, f"hydra.sweep.dir={quoted(str(folder))}"])
    if errors:
        raise errors[0]


def compose_sweep(arguments: Arguments, saved: SavedConfig | None = None) -> list[RunConfig]:
    """Check every job of a sweep before the first one runs; returns the values of each.

    Raises:
        ConfigError: a value was refused, or a key that all jobs share is swept.
    """
    with explained():
        parsed = OverridesParser.create().parse_overrides(arguments.overrides)
        for override in parsed:
            if override.is_sweep_override() and override.key_or_group == "output_dir":
                raise ConfigError("output_dir cannot be swept: a sweep has one folder")
        jobs = itertools.product(*map(_values, parsed))
        return [
            compose_run(replace(arguments, overrides=list(words)), saved).config for words in jobs
        ]


def _values(override: Override) -> list[str]:
    """The words of a sweep with one value each; the override itself if it sweeps nothing."""
    if not override.is_sweep_override():
        assert override.input_line is not None
        return [override.input_line]
    if override.value_type not in _LISTED:
        raise ConfigError(
            f"'{override.input_line}' has no values to sweep over; write key=a,b or key=range(a,b)"
        )
    key = override.get_key_element()
    values = list(override.sweep_string_iterator())
    if not values:
        raise ConfigError(f"'{override.input_line}' has no values to sweep over; give at least one")
    return [f"{key}={value}" for value in values]


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
