"""``resume=RUN``: resume an unfinished run in its own directory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.commands.run_arguments import sort_run_words
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.serialize import read_config
from graphrec_cli.config.trackers import Trackers
from graphrec_cli.errors import ConfigError
from graphrec_cli.preparation import check_data
from graphrec_cli.rundir.config_fingerprint import RESUMABLE
from graphrec_cli.rundir.find_run import Need, find_run

if TYPE_CHECKING:
    from graphrec_cli.workflows.run_outcome import RunOutcome

log = logging.getLogger("graphrec")

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


def resume(name: str, words: Sequence[str], trackers: Trackers, *, debug: bool) -> RunOutcome:
    """Resume the run.

    Args:
        name: a run directory, or ``latest``.
        words: overrides of its config.
        trackers: what follows the run from here on.

    Raises:
        GraphrecError: wrong usage, or a run that cannot be resumed.
    """
    given = sort_run_words(
        f"train {KEY}RUN", [name, *words], own=(), overridable=(*RESUMABLE, "cache_dir")
    )
    if name != "latest" and any(word.startswith("output_dir=") for word in words):
        raise ConfigError(
            f"output_dir only sets where 'latest' looks; {name} is resumed in its own directory; "
            "remove output_dir"
        )
    run = find_run(given.run, given.output_dir, Need.unfinished)
    saved = read_config(run.config)
    refuse_new_addresses(saved, words, run.config)
    wanted = compose_saved(saved, given.overrides).config
    if wanted.cache_dir is None:
        wanted = replace(wanted, cache_dir=_cache_of(saved.config.cache_dir))
    if not run.is_completed():
        check_data(wanted)

    from graphrec_cli.workflows.launch import resume_run  # imports torch

    return resume_run(run, saved, wanted, debug=debug, trackers=trackers)


def _cache_of(folder: str | None) -> str | None:
    """The run's own cache folder, if it is one: a file must not choose where else to write."""
    if folder is None or (Path(folder) / "prepared").is_dir():
        return folder
    log.info("cache_dir %s is not a cache of graphrec; set cache_dir to use it", folder)
    return None
