"""Explain errors of Hydra and OmegaConf in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from graphrec_cli.config.unknown import key_below_value, unknown_key, unknown_option
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
    if isinstance(cause, OmegaConfBaseException):
        full_key, message = cause.full_key or cause.key or "", first_line(cause.msg or cause)
        return ConfigError(f"{full_key}: {message}" if full_key else message)
    line = first_line(error)
    if line.startswith("Ambiguous value"):
        line += "; sweep over its values with -m, or write key=[a,b] for a list"
    return ConfigError(line)


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
            raise unknown_key(config._get_full_key(key), known)
        child = config._get_node(key)
        if isinstance(child, DictConfig) and not child._is_missing() and not child._is_none():
            refuse_unknown_keys(child)


def _unreadable(error: OverrideParseException) -> ConfigError:
    reasons = [line for line in str(error).splitlines() if " while evaluating " in line]
    if reasons:
        return ConfigError(f"cannot read '{error.override}': {reasons[0]}")
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
    # ``resume=RUN`` belongs to the command line and not to the configuration.
    own = ["resume"] if "." not in full_key and key != "resume" else []
    return unknown_key(full_key, [*choices, *own])
