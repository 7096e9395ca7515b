"""A run's configuration to JSON and strictly back."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from graphrec_cli.config.explain import explain, suggestion, unknown_key
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.errors import ConfigError

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class SavedConfig:
    """What config.json holds: the values, and the option chosen in each group."""

    config: RunConfig
    choices: dict[str, str | None]


def to_plain(value: object) -> Any:
    """Dataclasses to dicts and enums to their names, recursively."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list):
        return [to_plain(entry) for entry in value]
    return value


def config_to_dict(saved: SavedConfig) -> dict[str, Any]:
    """The content of config.json: schema_version, choices, then the groups and the keys."""
    plain = to_plain(saved.config)
    return {"schema_version": SCHEMA_VERSION, "choices": dict(saved.choices), **plain}


def config_from_dict(content: object, where: str) -> SavedConfig:
    """Build the dataclasses by the components' names, refusing whatever they do not know.

    Args:
        content: parsed JSON.
        where: the file's name, for messages.

    Raises:
        ConfigError: another schema version, an unknown key or component, a wrong type or range,
            or an interpolation.
    """
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected an object of keys, got {type(content).__name__}")
    values = dict(content)
    version = values.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise ConfigError(f"{where}: schema_version is {version}, this release reads 1")
    choices = values.pop("choices", None)
    if not isinstance(choices, dict) or set(choices) != {*SCHEMAS, "experiment"}:
        raise ConfigError(f"{where}: choices must name an option for every group")
    _refuse_interpolations(values, where)
    try:
        groups = {group: _component(group, values.pop(group, None), where) for group in SCHEMAS}
        known = [field.name for field in fields(RunConfig) if field.name not in SCHEMAS]
        for key in values:
            if key not in known:
                raise unknown_key(str(key), known)
        node = OmegaConf.merge(OmegaConf.structured(RunConfig), values)
        for group, component in groups.items():
            OmegaConf.update(node, group, component, merge=False)
        config = OmegaConf.to_object(node)
    except (OmegaConfBaseException, ConfigError) as error:
        raise ConfigError(f"{where}: {explain(error)}") from error
    assert isinstance(config, RunConfig)
    return SavedConfig(config, {str(key): choices[key] for key in choices})


def read_config(path: Path) -> SavedConfig:
    """Read a config.json.

    Raises:
        ConfigError: the file is missing, is not JSON, or holds what ``config_from_dict`` refuses.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    return config_from_dict(content, str(path))


def _component(group: str, values: object, where: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: the group {group} is missing")
    name = values.get("name")
    if name not in SCHEMAS[group]:
        hint = suggestion(str(name), list(SCHEMAS[group]))
        names = ", ".join(SCHEMAS[group])
        raise ConfigError(f"{group}.name '{name}' is unknown{hint} (names: {names})")
    schema = SCHEMAS[group][str(name)]
    known = [field.name for field in fields(schema)]
    for key in values:
        if key not in known:
            raise unknown_key(f"{group}.{key}", known)
    return OmegaConf.merge(OmegaConf.structured(schema), values)


def _refuse_interpolations(value: object, where: str) -> None:
    if isinstance(value, str) and "${" in value:
        raise ConfigError(f"{where}: '{value}' is an interpolation; a saved config holds values")
    if isinstance(value, dict):
        for entry in value.values():
            _refuse_interpolations(entry, where)
    if isinstance(value, list):
        for entry in value:
            _refuse_interpolations(entry, where)
