"""Explain errors of Hydra and OmegaConf in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, Node, OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    GrammarParseError,
    InterpolationResolutionError,
    OmegaConfBaseException,
)

from graphrec_cli.config.other_component import advise_words
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unknown import Advice, key_below_value, unknown_key, unknown_option
from graphrec_cli.config.wrong_value import wrong_value
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import first_line


def explain(error: Exception, words: Sequence[str] = ()) -> ConfigError:
    """The one-line error for a composition that failed, with the key, choices and a suggestion.

    Args:
        error: what Hydra or OmegaConf raised.
        words: the ``key=value`` words that were composed.
    """
    if isinstance(error, ConfigError):
        return error
    if isinstance(error, MissingConfigException) and error.missing_cfg_file is not None:
        return _missing_option(str(error.missing_cfg_file), list(error.options or []))
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    cause = error.__cause__ if isinstance(error, HydraException) else error
    refused = _unknown_key(cause) or key_below_value(words)
    if refused is not None:
        return refused
    return _wrong_value(cause, words) or _unusable(error, words)


def refuse_unknown_keys(config: DictConfig) -> None:
    """Refuse keys that an override appended (``+key=value``) to a typed node.

    Raises:
        ConfigError: naming the first such key.
    """
    schema = OmegaConf.get_type(config)
    if schema is None or not is_dataclass(schema):
        return
    known = [field.name for field in fields(schema)]
    for key in map(str, config.keys()):
        if key not in known:
            raise unknown_key(config._get_full_key(key), known, _advice(config))
        child = config._get_node(key)
        if isinstance(child, DictConfig) and not child._is_missing() and not child._is_none():
            refuse_unknown_keys(child)


def _wrong_value(cause: BaseException | None, words: Sequence[str]) -> ConfigError | None:
    """The error for a value that OmegaConf cannot give to a key of the configuration."""
    if not isinstance(cause, OmegaConfBaseException):
        return None
    if isinstance(cause, InterpolationResolutionError | GrammarParseError):
        return ConfigError(
            f"{cause.full_key or 'a value'} has an interpolation '${{...}}' that cannot be "
            "resolved; write its value"
        )
    full_key = str(cause.full_key or cause.key or "")
    given = [word.lstrip("+").partition("=") for word in words]
    written = [value for key, _, value in given if key == full_key.partition("[")[0]]
    return wrong_value(full_key, written[-1] if written else _shown(cause))


def _shown(cause: OmegaConfBaseException) -> str:
    """The value that OmegaConf names in its message."""
    found = re.search(
        r"[Vv]alue:? '?([^']*?)'?(?: of type|, expected|$| is not)", first_line(cause)
    )
    return found[1] if found else "another type"


def _unusable(error: Exception, words: Sequence[str]) -> ConfigError:
    """The error for what none of the rules above tells apart."""
    line = first_line(error)
    if isinstance(error, OverflowError):
        return ConfigError("an integer is too large for a number; write a smaller one")
    if line.startswith("Ambiguous value"):
        key = next((word.partition("=")[0] for word in words if f"'{word}'" in str(error)), "")
        given = next((word for word in words if word.startswith(f"{key}=") and "," in word), key)
        other = "give one" if key in (*SCHEMAS, "experiment") else "write key=[a,b] for a list"
        return ConfigError(f"'{given}' has several values; sweep over them with -m, or {other}")
    if line.startswith("Could not append to config. An item is already at"):
        existing = [word for word in words if f"'{word.removeprefix('+')}'" in str(error)]
        for word in (word for word in existing if word.startswith("+")):
            return ConfigError(f"'{word}' adds a key that exists; write {word.removeprefix('+')}")
    return ConfigError(
        f"the configuration cannot be composed from '{' '.join(words)}'; check these words and "
        "the option files that they name (--debug shows the cause)"
    )


def _unreadable(error: OverrideParseException) -> ConfigError:
    key = str(error.override).partition("=")[0]
    return ConfigError(
        f"cannot read '{error.override}'; write key=value, and quote a value with special "
        f"characters for the shell and for Hydra: '{key}=\"a value\"'"
    )


def _missing_option(path: str, options: list[str]) -> ConfigError:
    group, _, option = path.rpartition("/")
    # A saved config's values are an option whose name starts with an underscore.
    return unknown_option(group, option, [name for name in options if not name.startswith("_")])


def _unknown_key(error: BaseException | None) -> ConfigError | None:
    if not isinstance(error, ConfigAttributeError | ConfigKeyError) or error.key is None:
        return None
    parent, key = error.parent_node, str(error.key)
    choices = [str(name) for name in parent] if isinstance(parent, DictConfig) else []
    if key in choices:
        return None
    full_key = str(error.full_key or key)
    # These belong to the command line and not to the configuration.
    own = [name for name in ("resume", "logger") if "." not in full_key and key != name]
    return unknown_key(full_key, [*choices, *own], _advice(parent))


def _advice(node: Any) -> Advice:
    """Advice for the run that a node belongs to."""
    chosen = {}
    if isinstance(node, Node):
        run = node._get_root()
        types = {group: OmegaConf.get_type(run, group) for group in SCHEMAS if group in run}
        chosen = {group: schema for group, schema in types.items() if is_dataclass(schema)}
    return partial(advise_words, chosen=chosen)
