"""The command line: commands, exit codes, and what goes to stdout and stderr."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from types import ModuleType

from graphrec_cli import __version__
from graphrec_cli.commands.home_paths import expand_home
from graphrec_cli.commands.plugin_words import plugins_of
from graphrec_cli.distributed.launch import is_first_launched, launched_processes, leading
from graphrec_cli.errors import ConfigError, GraphrecError, Interrupted
from graphrec_cli.system.progress import progress
from graphrec_cli.system.screen_log import log_to_stderr
from graphrec_cli.terminal_text import one_line

HELP = """\
graphrec trains and evaluates graph recommenders.

Examples:
  graphrec train                                     the built-in data set
  graphrec train dataset=table dataset.path=FILE     your own table
  graphrec train dataset=goodbooks sampler=hardneg data_dir=DIR
  graphrec train seed=1,2,3 model=lightgcn,mf -m     a sweep of six runs
  graphrec plan dataset=goodbooks data_dir=DIR       its memory and its time
  graphrec data inspect dataset=goodbooks data_dir=DIR
  graphrec evaluate latest                           evaluate the newest run
  graphrec recommend latest users=17,42 k=20         20 items for two users
  graphrec explain latest user=17 item=42            why this item for this user
  graphrec compare RUN OTHER                         which run is better
  graphrec train resume=latest                       continue an interrupted run

Commands:
  train [KEY=VALUE ...]    train and evaluate one run; -m runs a sweep
  train --from RUN         start a new run from a saved configuration
  train resume=RUN         continue an interrupted run in its own directory
  plan                     what a run would need: sizes, memory, time
  data inspect             show a data set, what is filtered, and the split
  data prepare             fill the cache of prepared data
  runs                     list the runs; filter and sort them
  show RUN                 one run: settings, curves, figures, files
  evaluate RUN             evaluate a run's best checkpoint
  recommend RUN            recommend items to users of a run, or to a new user
  explain RUN              split a score into what each train item adds
  reproduce RUN            make a run again and compare every figure
  judge FILE split=RUN     judge the lists of any tool on a run's split
  compare RUN RUN ...      compare runs user by user, with intervals and tests
  ablate RUN               put each changed value of a run back alone
  export RUN               write vectors, ids and indexes for other programs
  serve RUN                answer requests for recommendations over HTTP
  completion SHELL         print the completion script for bash, zsh or fish

Flags:
  -h, --help        this page; 'graphrec COMMAND --help' for one command
  --version         print the version
  --json            print results as JSON; json=true does the same
  --plugin FILE     add the components of a Python file or an installed plugin
  --debug           print the traceback of an error

RUN is a run directory, or 'latest' for the newest one under output_dir that the
command can use: an interrupted one to resume, a completed one to evaluate.

Exit codes:
  0 done   1 a run failed   2 wrong usage or configuration   3 bad data
  4 reproduce found a difference   5 the loss or scores became non-finite
  After a checkpoint: 130 Ctrl-C, 143 SIGTERM, 138 SIGUSR1, 129 SIGHUP.
"""


COMMANDS = (
    "train",
    "plan",
    "data",
    "runs",
    "show",
    "evaluate",
    "recommend",
    "explain",
    "reproduce",
    "judge",
    "compare",
    "ablate",
    "export",
    "serve",
    "completion",
)
"""A command ``name`` is the function ``name_command`` of the module ``commands.name``."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    if not is_first_launched():
        from graphrec_cli.workflows.take_part import take_part_in_runs  # imports torch

        return take_part_in_runs()
    words = expand_home(sys.argv[1:] if argv is None else argv)
    debug, json_output = "--debug" in words, bool({"--json", "json=true"} & set(words))
    words = [word for word in words if word not in ("--debug", "--json", "json=true")]
    try:
        with log_to_stderr(), leading(), plugins_of(words) as words:
            page = _requested_page(words)
            if page is not None:
                print(page, end="", flush=True)
                return 0
            _refuse_several_processes(words)
            # Imported only now, because Hydra takes longer to import than a page to print.
            with progress("starting", in_log=False):
                command: Callable[..., int] = getattr(_module(words[0]), f"{words[0]}_command")
            code = command(words[1:], json_output=json_output, debug=debug)
        sys.stdout.flush()
        return code
    except GraphrecError as error:
        if debug:
            traceback.print_exc()
        print("error:", one_line(error), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does. Without a new stdout, Python would report
        # the broken pipe once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as interruption:
        print("error: interrupted", file=sys.stderr)
        return interruption.exit_code if isinstance(interruption, Interrupted) else 130
    except Exception as error:
        if debug:
            traceback.print_exc()
        kind = type(error).__name__
        print(f"error: {kind}: {one_line(error)} (--debug shows where)", file=sys.stderr)
        return 1


def _requested_page(words: list[str]) -> str | None:
    """The help page or the version that the words ask for; None if they ask for a command."""
    if not words or words[0] in ("-h", "--help", "help"):
        return HELP
    name = words[0]
    if name == "--version":
        return f"graphrec {__version__}\n"
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        if name == "resume":
            hint = "; write graphrec train resume=RUN"
        raise ConfigError(f"unknown command '{name}'{hint} (commands: {', '.join(COMMANDS)})")
    if not {"-h", "--help"} & set(words):
        return None
    if name == "train":
        from graphrec_cli.config.help_page import train_help

        return train_help(words[1:])
    return str(_module(name).HELP)


def _refuse_several_processes(words: list[str]) -> None:
    """Refuse what only one process does.

    Raises:
        ConfigError: torchrun started several.
    """
    processes = launched_processes()
    one_run = words[0] in ("train", "reproduce") and not {"-m", "--multirun"} & set(words)
    if processes > 1 and not one_run:
        what = "a sweep" if words[0] == "train" else f"graphrec {words[0]}"
        raise ConfigError(
            f"torchrun started {processes} processes, but {what} runs in one; start it without "
            "torchrun"
        )


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"graphrec_cli.commands.{name}")
