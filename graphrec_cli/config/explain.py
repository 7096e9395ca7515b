"""One-line explanations of what Hydra and OmegaConf refuse."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import fields, is_dataclass

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import first_line


def suggestion(word: str, choices: Sequence[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no choice is near."""
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def explain(error: Exception) -> ConfigError:
    """The one-line error for a composition that failed, with the key, choices and a suggestion."""
    if isinstance(error, ConfigError):
        return error
    if isinstance(error, MissingConfigException) and error.missing_cfg_file is not None:
        return _missing_option(str(error.missing_cfg_file), list(error.options or []))
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    cause = error.__cause__ if isinstance(error, HydraException) else error
    if isinstance(cause, OmegaConfBaseException):
        return _refused_value(cause)
    line = first_line(error)
    if line.startswith("Ambiguous value"):
        line += "; sweep over its values with -m, or write key=[a,b] for a list"
    return ConfigError(line)


def unknown_key(full_key: str, choices: Sequence[str]) -> ConfigError:
    """The error for a key that no dataclass has."""
    parent, _, key = full_key.rpartition(".")
    choices = [choice for choice in choices if choice != "hydra"]
    hint = _elsewhere(parent, key)
    near = difflib.get_close_matches(key, choices, n=1)
    if not hint and near:
        hint = f"; did you mean '{f'{parent}.' if parent else ''}{near[0]}'?"
    where = f"keys of {parent}" if parent else "keys"
    return ConfigError(f"unknown key '{full_key}'{hint} ({where}: {', '.join(choices)})")


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


def _elsewhere(parent: str, key: str) -> str:
    """Where a key that is not under ``parent`` does exist: another component, or another group."""
    homes = [
        (group, name)
        for group, components in SCHEMAS.items()
        for name, schema in components.items()
        if key in (field.name for field in fields(schema))
    ]
    for group, name in homes:
        if group == parent:
            return f"; {group}={name} has it"
    if homes:
        return f"; did you mean '{homes[0][0]}.{key}'?"
    return f"; did you mean '{key}'?" if key in (field.name for field in fields(RunConfig)) else ""


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
    options = [name for name in options if not name.startswith("_")]  # saved values have no name
    hint = suggestion(option, options)
    return ConfigError(f"{group} has no option '{option}'{hint} (options: {', '.join(options)})")


def _refused_value(error: OmegaConfBaseException) -> ConfigError:
    full_key = str(error.full_key or error.key or "")
    if isinstance(error, ConfigAttributeError | ConfigKeyError):
        parent = error.parent_node
        choices = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
        if error.key is not None and str(error.key) not in choices:
            # The one word of a command line that is no value of the configuration.
            return unknown_key(full_key, choices if "." in full_key else [*choices, "resume"])
    message = first_line(error.msg or error)
    return ConfigError(f"{full_key}: {message}" if full_key else message)
