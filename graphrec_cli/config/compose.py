"""Compose a config with Hydra and validate it; errors are one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from graphrec_cli.config.arguments import Arguments, describe_repeated, hydra_words, sort_arguments
from graphrec_cli.config.choice_notes import describe_choices
from graphrec_cli.config.explain import explain, refuse_unknown_keys
from graphrec_cli.config.fitting_experiment import fitting_experiment
from graphrec_cli.config.hydra_state import hydra_set_aside
from graphrec_cli.config.options import conf_dir
from graphrec_cli.config.own_options import check_own_options, located_interpolations
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.saved_options import SAVED, saved_options
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.config.store import SCHEMAS, register_schemas
from graphrec_cli.config.text_values import path_keys, quoted
from graphrec_cli.config.unused import refuse_unused_words
from graphrec_cli.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One composed and validated run.

    Attributes:
        config: the values.
        choices: the option chosen in each group, None without one.
        overrides: the ``key=value`` words of the job.
        number: position in a sweep, from 0.
        notes: lines for the log: who chose loss and trainer, which values were left out, and which
            were given several times.
    """

    config: RunConfig
    choices: dict[str, str | None]
    overrides: list[str]
    number: int = 0
    notes: list[str] = field(default_factory=list)


def compose_run(arguments: Arguments, saved: SavedConfig | None = None) -> Job:
    """Compose and validate the one run that the arguments ask for.

    Args:
        arguments: flags, and overrides without sweeps.
        saved: values that the arguments are put on; None is those of ``conf``.

    Raises:
        ConfigError: the composition or a value was refused, or an override changes nothing.
    """
    job = compose_job(arguments, saved)
    refuse_unused_words(job.config, arguments.overrides)
    return replace(job, notes=[*job.notes, *describe_repeated(arguments.overrides)])


def compose_job(arguments: Arguments, saved: SavedConfig | None = None) -> Job:
    """``compose_run``, but overrides may change nothing, as in some jobs of a sweep."""
    register_schemas()
    with explained(arguments.overrides):
        open_keys = check_own_options(arguments.overrides, arguments.config_dir)
        with (
            located_interpolations(open_keys, arguments.overrides),
            fitting_experiment(arguments) as (words, notes),
            explained(arguments.overrides),
        ):
            job = _to_job(*_compose(replace(arguments, overrides=words), saved), saved)
    if notes:
        job = _as_chosen(job, arguments)
    return replace(
        job,
        notes=[*notes, *describe_choices(arguments, job.config, job.choices, saved)],
    )


def _as_chosen(job: Job, arguments: Arguments) -> Job:
    """A job of the experiment that a word names, in place of the one made to fit."""
    experiment = [word for word in arguments.overrides if word.startswith("experiment=")]
    choices = job.choices | {"experiment": experiment[-1].partition("=")[2]}
    return replace(job, choices=choices, overrides=arguments.overrides)


def component_types(arguments: Arguments, saved: SavedConfig | None) -> dict[str, type]:
    """Group to the dataclass of its chosen option, whatever the values."""
    register_schemas()
    with explained(arguments.overrides):
        with fitting_experiment(arguments) as (words, _):
            node, _ = _compose(replace(arguments, overrides=words), saved)
        return {group: OmegaConf.get_type(node[group]) or object for group in SCHEMAS}


def compose_hydra(arguments: Arguments, part: str) -> dict[str, Any]:
    """Hydra's own values that the words choose; interpolations are not resolved.

    Args:
        part: ``launcher`` or ``sweeper``.

    Raises:
        ConfigError: an option or a key is unknown.
    """
    own = hydra_words(arguments.overrides)
    register_schemas()
    with explained(own):
        _, runtime = _compose(replace(arguments, overrides=own), None)
        values = OmegaConf.to_container(runtime[part], resolve=False)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _compose(arguments: Arguments, saved: SavedConfig | None) -> tuple[DictConfig, DictConfig]:
    """The config that Hydra composes, not validated, and Hydra's own values."""
    search = []
    if arguments.config_dir is not None:
        folder = Path(arguments.config_dir).resolve()
        search = [f"hydra.searchpath=[{quoted(f'file://{folder}')}]"]
    # Not by way of Hydra's entry point, which would compose twice to find out its mode.
    with (
        saved_options(saved) as selected,
        hydra_set_aside(),
        hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"),
    ):
        words = [*selected, *arguments.overrides, *search]
        node = hydra.compose("config", overrides=words, return_hydra_config=True)
        with open_dict(node):
            runtime = node.pop("hydra")
        return node, runtime


def compose_saved(saved: SavedConfig, overrides: list[str]) -> SavedConfig:
    """The saved values with some of them, or whole groups, replaced.

    ``output_dir`` and ``cache_dir`` are not taken from ``saved``: the command decides where files
    go, not a file that it reads.

    Raises:
        ConfigError: an override cannot be read, or its key or value is refused.
    """
    if not overrides:  # composing takes 0.2 s
        config = replace(saved.config, output_dir=RunConfig().output_dir, cache_dir=None)
        return replace(saved, config=config)
    job = compose_run(sort_arguments(overrides), saved)
    return SavedConfig(job.config, job.choices)


def _to_job(node: DictConfig, runtime: DictConfig, saved: SavedConfig | None) -> Job:
    """Validate what Hydra composed.

    Args:
        node: the config.
        runtime: Hydra's own values: choices and words.

    Raises:
        ConfigError: a key is unknown, or a value of a wrong type or out of range.
    """
    # Unresolved: Hydra would resolve interpolations in them with its own values.
    written = OmegaConf.to_container(runtime.overrides.task, resolve=False)
    assert isinstance(written, list)
    words = [str(word) for word in written]
    with explained():
        refuse_unknown_keys(node)
        _expand_home(node)
        config = OmegaConf.to_object(node)
        _refuse_numbers_for_switches(node, words)
    assert isinstance(config, RunConfig)
    chosen = runtime.runtime.choices
    choices = {group: chosen.get(group) for group in (*SCHEMAS, "experiment")}
    if saved is not None:
        unchanged = [group for group, option in choices.items() if option == SAVED]
        choices |= {group: saved.choices[group] for group in unchanged}
    return Job(
        config=config,
        choices=choices,
        overrides=[word for word in words if word != f"experiment={SAVED}"],
    )


def _expand_home(config: DictConfig) -> None:
    """Replace ``~`` at the beginning of paths, which may come from an option file."""
    for key in path_keys():
        value = OmegaConf.select(config, key)
        if isinstance(value, str) and (value == "~" or value.startswith("~/")):
            OmegaConf.update(config, key, str(Path(value).expanduser()))


def _refuse_numbers_for_switches(config: DictConfig, overrides: list[str]) -> None:
    """Refuse ``plots=7``, which OmegaConf takes for true; 1 and 0 are true and false."""
    for override in OverridesParser.create().parse_overrides(overrides):
        key, value = str(override.key_or_group), override.value()
        if (
            isinstance(value, int)
            and value not in (0, 1)
            and isinstance(OmegaConf.select(config, key), bool)
        ):
            raise ConfigError(f"{key} must be true or false, got {value}")


@contextmanager
def explained(words: Sequence[str] = ()) -> Iterator[None]:
    """Turn what composing the words raises into an error of one line."""
    try:
        yield
    except Exception as error:
        raise explain(error, words) from error
