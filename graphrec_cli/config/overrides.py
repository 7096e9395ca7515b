"""``key=value`` words on top of a saved configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from graphrec_cli.config.checks import check_digits
from graphrec_cli.config.explain import explain
from graphrec_cli.config.serialize import SavedConfig, config_from_dict, config_to_dict
from graphrec_cli.errors import ConfigError


def split_overrides(
    words: Sequence[str], *, names: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Part ``key=value`` words into a command's own keys, taken as text, and config overrides.

    Raises:
        ConfigError: one of the command's own keys is given twice.
    """
    own: dict[str, str] = {}
    overrides: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in own:
            raise ConfigError(f"{key} is given twice; name it once")
        if equals and key in names:
            own[key] = value
        elif equals:
            overrides.append(word)
    return own, overrides


def refuse_numbers_for_switches(config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse ``plots=7``, which OmegaConf takes for true; 1 and 0 are true and false.

    Args:
        config: composed from the words, all of them in range.
        overrides: the words, none of them of a sweep.

    Raises:
        ConfigError: naming the key.
    """
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        key, value = str(override.key_or_group), override.value()
        if (
            isinstance(value, int)
            and value not in (0, 1)
            and isinstance(OmegaConf.select(config, key), bool)
        ):
            raise ConfigError(f"{key} must be true or false, got {value}")


def with_overrides(saved: SavedConfig, overrides: Sequence[str]) -> SavedConfig:
    """The saved values with some of them replaced, validated again.

    Raises:
        ConfigError: a word cannot be read, its key is unknown, or its value is refused.
    """
    for word in overrides:
        key, _, value = word.partition("=")
        check_digits(key, value)
    content = config_to_dict(saved)
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise explain(error) from error
    for override in parsed:
        word = str(override.input_line)
        if override.is_sweep_override() or override.type is not OverrideType.CHANGE:
            raise ConfigError(f"'{word}' is not a plain key=value")
        *groups, key = str(override.key_or_group).split(".")
        node: Any = content
        for group in groups:
            node = node.get(group) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            raise ConfigError(f"unknown key in '{word}'")
        node[key] = override.value()
    return config_from_dict(content, "the overridden config")
