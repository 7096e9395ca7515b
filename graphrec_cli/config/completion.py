"""Complete flags, groups, options, keys and values on a command line."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum

from graphrec_cli.config.arguments import FLAG_VALUES, FLAGS
from graphrec_cli.config.options import group_options
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS


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
        candidates = [*groups, *(f"{name}=" for name in _keys(RunConfig, "", words))]
    elif key in (*SCHEMAS, "experiment"):
        candidates = [f"{key}={option}" for option in _options(key, words)]
    else:
        candidates = [f"{key}={value}" for value in _values(key, words)]
    return sorted({candidate for candidate in candidates if candidate.startswith(word)})


def _options(group: str, words: list[str]) -> list[str]:
    named = "--config-dir" in words[:-1]
    return group_options(group, words[words.index("--config-dir") + 1] if named else None)


def _schema(group: str, words: list[str]) -> list[type]:
    """The dataclasses whose keys may be meant: the chosen component's, else all of the group."""
    chosen = [word.partition("=")[2] for word in words if word.startswith(f"{group}=")]
    known = SCHEMAS[group]
    return [known[chosen[-1]]] if chosen and chosen[-1] in known else list(known.values())


def _keys(schema: type, prefix: str, words: list[str]) -> Iterator[str]:
    for field in fields(schema):
        if not prefix and field.name in SCHEMAS:
            for component in _schema(field.name, words):
                yield from _keys(component, f"{field.name}.", words)
            continue
        nested = typing.get_type_hints(schema)[field.name]
        if isinstance(nested, type) and is_dataclass(nested):
            yield from _keys(nested, f"{prefix}{field.name}.", words)
        elif field.name != "name":
            yield f"{prefix}{field.name}"


def _values(key: str, words: list[str]) -> list[str]:
    """The values of an enumeration or a switch; nothing for numbers and text."""
    group, *names = key.split(".")
    schemas = _schema(group, words) if group in SCHEMAS else [RunConfig]
    names = names if group in SCHEMAS else [group, *names]
    values: list[str] = []
    for schema in schemas:
        hint: typing.Any = schema
        for name in names:
            hint = typing.get_type_hints(hint).get(name) if is_dataclass(hint) else None
        kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        for kind in kinds:
            if kind is bool:
                values += ["true", "false"]
            elif kind is type(None):
                values.append("null")
            elif isinstance(kind, type) and issubclass(kind, Enum):
                values += [member.name for member in kind]
    return values
