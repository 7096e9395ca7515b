"""Errors for keys and options that do not exist, with the nearest that does, without Hydra."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import TypeAlias, get_type_hints

from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.other_component import advise_words
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError

Advice: TypeAlias = Callable[[str, str], str]
"""How to choose a component of a group that has a key; empty if none has it."""


def suggestion(word: str, choices: Sequence[str]) -> str:
    """``; did you mean 'x'?``, or nothing if no choice is close."""
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def unknown_option(group: str, option: str, options: Sequence[str]) -> ConfigError:
    """The error for an option that a group does not have."""
    hint = suggestion(option, options)
    return ConfigError(f"{group} has no option '{option}'{hint} (options: {', '.join(options)})")


def unknown_key(full_key: str, choices: Sequence[str], advice: Advice | None = None) -> ConfigError:
    """The error for a key that the chosen components do not have.

    Args:
        full_key: such as ``sampler.popular_pool``.
        choices: the keys beside it that exist.
        advice: for a key of another component; None is for the command line, whatever the run.
    """
    parent, _, key = full_key.rpartition(".")
    choices = [choice for choice in choices if choice not in ("hydra", "name")]
    advice = partial(advise_words, chosen={}) if advice is None else advice
    hint = advice(parent, key) or _elsewhere(key)
    near = difflib.get_close_matches(key, choices, n=1)
    if not hint and near:
        hint = f"; did you mean '{f'{parent}.' if parent else ''}{near[0]}'?"
    hint = hint or _nearly_elsewhere(key)
    where = f"keys of {parent}" if parent else "keys"
    return ConfigError(f"unknown key '{full_key}'{hint} ({where}: {', '.join(choices) or 'none'})")


def refuse_unknown_key(full_key: str, components: dict[str, type]) -> None:
    """Refuse a key that a run with these components does not have.

    Args:
        full_key: such as ``trainer.epochs``.
        components: group to the dataclass of its chosen option; keys of other groups pass.

    Raises:
        ConfigError: naming the part of the key that is unknown.
    """
    node: type = RunConfig
    parts = full_key.split(".")
    for depth, part in enumerate(parts):
        names = [field.name for field in fields(node)]
        if part not in names:
            raise unknown_key(".".join(parts[: depth + 1]), names)
        if depth == 0 and part in SCHEMAS:
            nested = components.get(part)
        else:
            nested = get_type_hints(node)[part]
        if not is_dataclass(nested):
            below = key_below_value([full_key]) if full_key.count(".") > depth else None
            if below is not None:
                raise below
            return
        node = nested


def key_below_value(words: Sequence[str]) -> ConfigError | None:
    """The error for the first ``key=value`` word that adds a key to a number, a text or a list."""
    known = list(list_keys(RunConfig, ""))
    for group, schemas in SCHEMAS.items():
        known += [key for schema in schemas.values() for key in list_keys(schema, group)]
    for word in words:
        full_key = word.lstrip("+").partition("=")[0]
        for key in known:
            below = full_key.removeprefix(f"{key.name}.")
            is_list = key.type.startswith("list")
            if below == full_key or (is_list and below.isdigit()):  # ks.0 is the first of a list
                continue
            accepts = f"{key.type}, {key.allowed}" if key.allowed else key.type
            value = "[A,B]" if is_list else "VALUE"
            return ConfigError(f"unknown key '{full_key}'; write {key.name}={value} ({accepts})")
    return None


def _elsewhere(key: str) -> str:
    """The full key, if the run itself or another group has a key of that name."""
    full_key = _full_keys().get(key)
    return f"; did you mean '{full_key}'?" if full_key else ""


def _nearly_elsewhere(key: str) -> str:
    """The full key of a similar name, or of one with these initials, such as ``lr``."""
    full_keys = _full_keys()
    initials = {"".join(word[:1] for word in name.split("_")): name for name in full_keys}
    near = difflib.get_close_matches(key, full_keys, n=1, cutoff=0.8)
    name = near[0] if near else initials.get(key) if len(key) > 1 else None
    return f"; did you mean '{full_keys[name]}'?" if name else ""


def _full_keys() -> dict[str, str]:
    """The full key of every name, that of the first group with it."""
    full_keys = {field.name: field.name for field in fields(RunConfig)}
    for group, components in SCHEMAS.items():
        for schema in components.values():
            for field in fields(schema):
                if field.name != "name":
                    full_keys.setdefault(field.name, f"{group}.{field.name}")
    return full_keys
