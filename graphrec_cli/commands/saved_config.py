"""``--from RUN``: start from the saved config of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from graphrec_cli.config.download_guard import refuse_new_addresses
from graphrec_cli.config.flags import FROM, take_flag
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig, read_config
from graphrec_cli.errors import ConfigError
from graphrec_cli.rundir.find_run import Need, find_run


def take_saved(words: Sequence[str]) -> tuple[SavedConfig | None, list[str]]:
    """Read the config that ``--from`` names, None without it; return the other words too.

    Raises:
        ConfigError: no run or several runs are named, the config is refused, or an experiment is
            chosen on top of it.
    """
    named, rest = take_flag(FROM, words)
    if not named:
        return None, rest
    if len(named) > 1 or not named[0]:
        raise ConfigError(f"{FROM} takes one run directory, its config.json, or 'latest'")
    for word in rest:
        if word.lstrip("+").partition("=")[0] == "experiment":
            raise ConfigError(
                f"'{word}' would replace every value of {FROM} {named[0]}; override single groups "
                f"instead, or remove {FROM}"
            )
    path = _config_file(named[0], output_dir_of(rest))
    saved = read_config(path)
    refuse_new_addresses(saved, rest, path)
    # Only the command line may ask to resume an unfinished run instead of starting a new one.
    trainer = replace(saved.config.trainer, autoresume=False)
    return replace(saved, config=replace(saved.config, trainer=trainer)), rest


def output_dir_of(words: Sequence[str]) -> Path:
    """Where a command with these words looks for ``latest``."""
    given = [word.partition("=")[2] for word in words if word.startswith("output_dir=")]
    return Path([RunConfig().output_dir, *given][-1])


def _config_file(name: str, output_dir: Path) -> Path:
    # A config file of any name is accepted too.
    if Path(name).is_file():
        return Path(name)
    return find_run(name, output_dir, Need.config).config
