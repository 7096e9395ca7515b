"""Errors for values of a wrong type, with what the key accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphrec_cli.config.keys import Key, list_keys
from graphrec_cli.config.other_component import option_of
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError


def wrong_value(full_key: str, value: str) -> ConfigError | None:
    """The error for a value of a wrong type; None if no component has the key.

    Args:
        full_key: such as ``evaluation.ks`` or ``evaluation.ks[0]``.
        value: as it was written.
    """
    name = re.sub(r"\[\d+\]", "", full_key).partition("[")[0]
    keys = [(option, key) for option, key in _all_keys() if key.name == name]
    if keys:
        accepted: dict[str, list[str]] = {}
        for option, key in keys:
            accepted.setdefault(_accepts(key), []).append(option)
        several = len(accepted) > 1
        values = " or ".join(
            f"{values} ({', '.join(options)})" if several else values
            for values, options in accepted.items()
        )
        hint = _device_hint(value) if name == "device" else ""
        if _is_list(keys[0][1]) and _is_single(value):
            hint = f"; write {name}=[{value}]"
        return ConfigError(f"{name} must be {values}, got '{value}'{hint}")
    names = [key.name for _, key in _all_keys()]
    below = list(dict.fromkeys(key for key in names if key.startswith(f"{name}.")))
    if below:
        return ConfigError(
            f"{name} is a group of keys and takes no value, got '{value}'; set {', '.join(below)}"
        )
    return None


def _device_hint(value: str) -> str:
    if card := re.fullmatch(r"(?:cuda|gpu):?(\d+)", value.lower()):
        return (
            f"; for that card set the environment variable CUDA_VISIBLE_DEVICES={card[1]} and "
            "write device=cuda, which takes the first visible card"
        )
    if value.lower() == "mps":
        return "; torch has no sparse products on mps, so write device=cpu"
    return ""


def _accepts(key: Key) -> str:
    null = " or null" if "null" in key.type else ""
    if key.type.startswith("choice"):
        return f"one of {key.allowed}{null}"
    kinds = {
        "integer": "an integer",
        "number": "a number",
        "list": "a list",
        "text": "text",
        "list of integers": "a list of integers",
        "list of text": "a list of text",
    }
    kind = key.type.removesuffix(" or null")
    return f"{kinds.get(kind, kind)}{f', {key.allowed}' if key.allowed else ''}{null}"


def _all_keys() -> Iterator[tuple[str, Key]]:
    """Every key with the component that has it, such as ``split=ratio``; "" for the run's own."""
    yield from (("", key) for key in list_keys(RunConfig, ""))
    for group, schemas in SCHEMAS.items():
        for name, schema in schemas.items():
            option = f"{group}={option_of(group, name)}"
            yield from ((option, key) for key in list_keys(schema, group))


def _is_list(key: Key) -> bool:
    return key.type.startswith("list")


def _is_single(value: str) -> bool:
    return value != "null" and bool(re.fullmatch(r"[\w.,+-]+", value))
