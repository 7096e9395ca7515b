"""Train a run from Python, with the words of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphrec_cli.api.run import Run
from graphrec_cli.commands.home_paths import expand_home
from graphrec_cli.commands.plugin_words import plugins_of
from graphrec_cli.commands.resume import resume, take_resumed
from graphrec_cli.commands.saved_config import take_saved
from graphrec_cli.commands.train import train_once
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.flags import PLUGIN, take_flag
from graphrec_cli.config.trackers import take_tracker_words
from graphrec_cli.distributed.launch import launched_processes
from graphrec_cli.errors import (
    ConfigError,
    DataError,
    DifferenceError,
    GraphrecError,
    Interrupted,
    NonFiniteError,
)
from graphrec_cli.rundir.environment import command_is
from graphrec_cli.system.screen_log import log_to_stderr
from graphrec_cli.workflows.run_outcome import RunOutcome

_ERRORS = {
    kind.exit_code: kind for kind in (ConfigError, DataError, DifferenceError, NonFiniteError)
}


def train(*words: str, config_dir: str | Path | None = None) -> Run:
    """Train one run in this process, and open it.

    Lines of the log and progress go to stderr; they and tracebacks are in train.log as well. In the
    main thread, Ctrl-C and the stop button of a notebook write a checkpoint first.

    Args:
        words: as after ``graphrec train``, each a text of its own: ``"dataset=goodbooks"``,
            ``"trainer.epochs=5"``, ``"--from", "latest"``, ``"resume=latest"``.
        config_dir: a folder of your own options, as after ``--config-dir``.

    Raises:
        GraphrecError: the run was refused or has failed, as the command's exit code says.
        Interrupted: a ``KeyboardInterrupt``: a signal arrived; ``resume=`` continues the run.
    """
    given = expand_home([str(word) for word in words])
    if config_dir is not None:
        given += ["--config-dir", str(Path(config_dir).expanduser())]
    if launched_processes() > 1:
        raise ConfigError("train runs in one process; start several with torchrun -m graphrec_cli")
    with log_to_stderr(), command_is(["train", *given]), plugins_of(given) as rest:
        outcome = _train(rest)
    if outcome.error is not None:
        raise _error(outcome)
    return Run(outcome.run, plugins=take_flag(PLUGIN, given)[0])


def _train(words: Sequence[str]) -> RunOutcome:
    trackers, words = take_tracker_words(words)
    trackers.refuse_unusable()
    name, rest = take_resumed(words)
    if name is not None:
        return resume(name, rest, trackers, debug=False)
    saved, rest = take_saved(rest)
    arguments = sort_arguments(rest)
    if arguments.multirun:
        raise ConfigError("train trains one run; for a sweep, call it once per run in a loop")
    if not arguments.trains:
        flags = ", ".join(flag for flag in arguments.flags if flag.startswith("-"))
        raise ConfigError(f"{flags} prints and does not train; use graphrec train in a terminal")
    return train_once(arguments, saved, trackers, debug=False)


def _error(outcome: RunOutcome) -> BaseException:
    """What the exit code stands for, with the run's directory."""
    if outcome.exit_code > 128:
        return Interrupted(outcome.exit_code - 128)
    kind = _ERRORS.get(outcome.exit_code, GraphrecError)
    return kind(f"{outcome.error} (run directory: {outcome.run.path})")
