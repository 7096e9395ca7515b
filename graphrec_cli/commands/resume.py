"""``resume=RUN``: resume an unfinished run in its own directory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphrec_cli.commands.run_arguments import sort_run_words
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.serialize import read_config
from graphrec_cli.errors import ConfigError

if TYPE_CHECKING:
    from graphrec_cli.workflows.launch import RunOutcome

KEY = "resume="


def take_resumed(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split off the run that ``resume=`` names, None without it; return the other words too.

    Raises:
        ConfigError: no run or several runs are named.
    """
    named = [word.removeprefix(KEY) for word in words if word.startswith(KEY)]
    rest = [word for word in words if not word.startswith(KEY)]
    if not named:
        return None, rest
    if len(named) > 1 or not named[0]:
        raise ConfigError("resume takes one run directory, or 'latest'")
    return named[0], rest


def resume(name: str, words: Sequence[str], *, debug: bool) -> RunOutcome:
    """Resume the run.

    Args:
        name: a run directory, or ``latest``.
        words: overrides of its config.

    Raises:
        GraphrecError: wrong usage, or a run that cannot be resumed.
    """
    from graphrec_cli.rundir.config_fingerprint import RESUMABLE
    from graphrec_cli.rundir.directory import RunDirectory
    from graphrec_cli.workflows.launch import resume_run

    given = sort_run_words(f"train {KEY}RUN", [name, *words], own=(), overridable=RESUMABLE)
    if name != "latest" and any(word.startswith("output_dir=") for word in words):
        raise ConfigError(
            f"output_dir only sets where 'latest' looks; {name} is resumed in its own directory; "
            "remove output_dir"
        )
    run = RunDirectory.find(given.run, given.output_dir)
    saved = read_config(run.config)
    refuse_new_addresses(saved, words, run.config)
    wanted = compose_saved(saved, given.overrides).config
    return resume_run(run, saved, wanted, debug=debug)
