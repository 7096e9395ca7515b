"""Words of a command itself, such as ``sweep.resume=latest``; no run has them in its config."""

from __future__ import annotations

from collections.abc import Sequence

from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError


def take_prefixed(
    words: Sequence[str], prefix: str, keys: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Split off the words ``prefix.key=value``.

    Args:
        prefix: such as ``sweep``.
        keys: the keys below it.

    Returns:
        The values by key, in the order given, and the other words.

    Raises:
        ConfigError: an unknown key, or a key given twice.
    """
    values: dict[str, str] = {}
    rest = []
    for word in words:
        if not word.startswith(f"{prefix}."):
            rest.append(word)
            continue
        full_key, _, value = word.partition("=")
        key = full_key.removeprefix(f"{prefix}.")
        if key not in keys:
            known = [f"{prefix}.{each}" for each in keys]
            hint, listed = suggestion(full_key, known), ", ".join(keys)
            raise ConfigError(f"unknown key '{full_key}'{hint} (keys of {prefix}: {listed})")
        if key in values:
            raise ConfigError(f"{full_key} is given twice; give it once")
        values[key] = value
    return values, rest
