"""Complete flags, groups, options, keys and values on a command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from graphrec_cli.config.arguments import FLAG_VALUES, FLAGS, LAUNCHER_GROUP, SWEEPER_GROUP
from graphrec_cli.config.keys import Key, list_keys
from graphrec_cli.config.launchers import LAUNCHERS
from graphrec_cli.config.options import group_options
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.search import SearchConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.sweep_words import SWEEP_KEYS
from graphrec_cli.config.trackers import KEY, NEEDS, LoggerConfig


def complete_train(word: str, words: list[str]) -> list[str]:
    """Completions of ``word``, the last of ``train``'s arguments.

    Args:
        word: the typed part of it, possibly empty.
        words: the arguments before it; a ``--config-dir`` among them adds its options.
    """
    key, equals, _ = word.partition("=")
    flag = words[-1] if words else ""
    if flag == "--config-dir":
        return []  # the shell completes folders
    if flag in FLAG_VALUES:
        candidates = FLAG_VALUES[flag]
    elif word.startswith("-"):
        candidates = [*FLAGS, "--plugin", "--json", "--debug"]
    elif not equals:
        groups = [f"{group}=" for group in (*SCHEMAS, "experiment")]
        candidates = [*groups, *(f"{known.name}=" for known in _keys(words))]
        candidates += [f"{KEY}=", *(f"{known.name}=" for known in list_keys(LoggerConfig, KEY))]
        if {"-m", "--multirun"} & set(words):
            candidates += _sweep_words(words)
    elif key == LAUNCHER_GROUP:
        candidates = [f"{key}={launcher}" for launcher in LAUNCHERS]
    elif key == KEY:
        candidates = [f"{key}={name}" for name in NEEDS]
    elif key in (*SCHEMAS, "experiment", SWEEPER_GROUP):
        candidates = [f"{key}={option}" for option in _options(key, words)]
    else:
        every = [*_keys(words), *list_keys(LoggerConfig, KEY)]
        values = [value for known in every if known.name == key for value in known.offered]
        candidates = [f"{key}={value}" for value in values]
    return sorted({candidate for candidate in candidates if candidate.startswith(word)})


def _sweep_words(words: list[str]) -> list[str]:
    """Keys that only a sweep has; those of a search once it is chosen."""
    keys = [f"sweep.{name}=" for name in SWEEP_KEYS]
    keys += [f"{group}=" for group in (LAUNCHER_GROUP, SWEEPER_GROUP)]
    if any(word.startswith(f"{SWEEPER_GROUP}=") for word in words):
        keys += [f"hydra.sweeper.{each.name}=" for each in fields(SearchConfig)]
    return keys


def _options(group: str, words: list[str]) -> list[str]:
    named = "--config-dir" in words[:-1]
    return group_options(group, words[words.index("--config-dir") + 1] if named else None)


def _keys(words: list[str]) -> Iterator[Key]:
    """The keys that may be meant: of the chosen component, else of all of a group."""
    for key in list_keys(RunConfig, ""):
        if key.name.partition(".")[0] not in SCHEMAS:
            yield key
    chosen = dict(word.split("=", 1) for word in words if "=" in word)
    for group, components in SCHEMAS.items():
        component = components.get(chosen.get(group, ""))
        for schema in components.values() if component is None else [component]:
            yield from list_keys(schema, group)
