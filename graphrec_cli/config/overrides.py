"""``key=value`` words: a command's own keys, and values that are not what they seem."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

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
