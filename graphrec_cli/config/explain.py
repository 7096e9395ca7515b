"""One-line explanations of what Hydra and OmegaConf refuse."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError


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
        detail = str(error).splitlines()
        reason = detail[1] if len(detail) > 1 else detail[0]
        return ConfigError(f"cannot read '{error.override}' ({reason}); write key=value")
    cause = error.__cause__ if isinstance(error, HydraException) else error
    if isinstance(cause, OmegaConfBaseException):
        return _refused_value(cause)
    return ConfigError(_first_line(error))


def unknown_key(full_key: str, choices: Sequence[str]) -> ConfigError:
    """The error for a key that no dataclass has."""
    parent, _, key = full_key.rpartition(".")
    hint = suggestion(key, choices)
    if not hint:
        near = [name for name in all_keys() if name.rpartition(".")[2] == key]
        hint = f"; did you mean '{near[0]}'?" if near else ""
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


def all_keys() -> Iterator[str]:
    """Every full key of every component, and the keys beside the groups."""
    for group, components in SCHEMAS.items():
        for schema in components.values():
            yield from (f"{group}.{field.name}" for field in fields(schema))
    yield from (field.name for field in fields(RunConfig))


def _missing_option(path: str, options: list[str]) -> ConfigError:
    group, _, option = path.rpartition("/")
    hint = suggestion(option, options)
    return ConfigError(f"{group} has no option '{option}'{hint} (options: {', '.join(options)})")


def _refused_value(error: OmegaConfBaseException) -> ConfigError:
    full_key = str(error.full_key or error.key or "")
    if isinstance(error, ConfigAttributeError | ConfigKeyError):
        parent = error.parent_node
        choices = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
        if error.key is not None and str(error.key) not in choices:
            return unknown_key(full_key, choices)
    message = _first_line(error.msg or error)
    return ConfigError(f"{full_key}: {message}" if full_key else message)


def _first_line(message: object) -> str:
    lines = str(message).strip().splitlines()
    return lines[0] if lines else type(message).__name__
