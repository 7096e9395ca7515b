"""Convert a run's config to JSON, and read it back strictly."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from graphrec_cli.config.explain import explain
from graphrec_cli.config.plugin_import import Plugin
from graphrec_cli.config.plugins import refuse_other_plugins
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unknown import suggestion, unknown_key
from graphrec_cli.errors import ConfigError
from graphrec_cli.storage.bounded_json import read_json

SCHEMA_VERSION = 1

_MEANT_BY_ABSENCE: dict[str, dict[str, Any]] = {
    "loss": {"positive_in_denominator": True, "log_q_power": 1.0},
    "trainer": {"min_steps_per_epoch": None},
    "evaluation": {"floor": None},
}
"""Values of keys that older files do not have, where the default is not what those releases did."""


@dataclass(frozen=True, slots=True)
class SavedConfig:
    """The content of config.json.

    Attributes:
        config: the values.
        choices: the option chosen in each group.
        plugins: what ``--plugin`` loaded when the file was written.
        absent: dotted keys that the file does not have, because an earlier release wrote it. They
            have the values that mean what that release did, and are not in the file and its digest.
    """

    config: RunConfig
    choices: dict[str, str | None]
    plugins: tuple[Plugin, ...] = ()
    absent: frozenset[str] = frozenset()


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
    """The content of config.json: schema_version, choices, plugins if any, groups and keys."""
    plain = without_keys(to_plain(saved.config), saved.absent)
    plugins = {"plugins": [asdict(plugin) for plugin in saved.plugins]} if saved.plugins else {}
    return {"schema_version": SCHEMA_VERSION, "choices": dict(saved.choices), **plugins, **plain}


def without_keys(values: dict[str, Any], keys: Collection[str], parent: str = "") -> dict[str, Any]:
    """Nested values without some dotted keys."""
    return {
        key: without_keys(value, keys, f"{parent}{key}.") if isinstance(value, dict) else value
        for key, value in values.items()
        if f"{parent}{key}" not in keys
    }


def config_from_dict(content: object, where: str) -> SavedConfig:
    """Build the dataclasses by the components' names; refuse unknown keys.

    Args:
        content: parsed JSON.
        where: the file's name, for messages.

    Raises:
        ConfigError: another schema version, an unknown key or component, a wrong type or range, an
            interpolation, or a plugin that is not loaded or has changed.
    """
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected an object of keys, got {type(content).__name__}")
    values = dict(content)
    version = values.pop("schema_version", None)
    if type(version) is not int or version != SCHEMA_VERSION:
        raise ConfigError(
            f"{where}: schema_version is {version!r}, this release reads {SCHEMA_VERSION}"
        )
    choices = _choices(values.pop("choices", None), where)
    plugins = _plugins(values.pop("plugins", []), where)
    refuse_other_plugins(plugins, where)
    _refuse_interpolations(values, where)
    try:
        known = [field.name for field in fields(RunConfig)]
        for key in values:
            if key not in known:
                raise unknown_key(str(key), known)
        node = OmegaConf.structured(RunConfig)
        for group in SCHEMAS:
            schema = _schema(group, values.get(group))
            OmegaConf.update(node, group, OmegaConf.structured(schema), merge=False)
        _refuse_values_of_groups(OmegaConf.to_container(node), values, "")
        meant = {
            group: {key: value for key, value in keys.items() if key in node[group]}
            for group, keys in _MEANT_BY_ABSENCE.items()
        }
        if values["loss"].get("log_q") is False:
            meant["loss"].pop("log_q_power", None)  # which would be a value without effect
        node = OmegaConf.merge(node, meant, values)
        config = OmegaConf.to_object(node)
        plain = to_plain(config)
        _refuse_conversions(values, plain, "")
    except (OmegaConfBaseException, ConfigError, OverflowError) as error:
        raise ConfigError(f"{where}: {explain(error)}") from error
    assert isinstance(config, RunConfig)
    absent = frozenset(_absent(plain, values, ""))
    return SavedConfig(config, choices, plugins, absent)


def read_config(path: Path) -> SavedConfig:
    """Read a config.json.

    Raises:
        ConfigError: the file is missing, is not JSON, or ``config_from_dict`` refuses its content.
    """
    try:
        content = read_json(path)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    return config_from_dict(content, str(path))


def _absent(known: dict[str, Any], given: dict[str, Any], parent: str) -> Iterator[str]:
    for key, value in known.items():
        if key not in given:
            yield f"{parent}{key}"
        elif isinstance(value, dict):
            yield from _absent(value, given[key], f"{parent}{key}.")


def _choices(value: object, where: str) -> dict[str, str | None]:
    groups = {*SCHEMAS, "experiment"}
    if not isinstance(value, dict) or set(value) != groups:
        raise ConfigError(f"{where}: choices must name an option for every group")
    for group, option in value.items():
        if option is not None and not isinstance(option, str):
            raise ConfigError(f"{where}: choices.{group} must be text or null, got {option!r}")
    return dict(value)


def _plugins(value: Any, where: str) -> tuple[Plugin, ...]:
    plugins = []
    for entry in value if isinstance(value, list) else [value]:
        named = isinstance(entry, dict) and set(entry) == {"name", "sha256"}
        if not named or not all(isinstance(text, str) for text in entry.values()):
            raise ConfigError(f"{where}: each of plugins must have a name and a sha256")
        plugins.append(Plugin(**entry))
    return tuple(plugins)


def _schema(group: str, values: object) -> type:
    """The dataclass that the component's name stands for."""
    if not isinstance(values, dict):
        raise ConfigError(f"the group {group} is missing")
    name = values.get("name")
    if not isinstance(name, str) or name not in SCHEMAS[group]:
        hint = suggestion(str(name), list(SCHEMAS[group]))
        names = ", ".join(SCHEMAS[group])
        raise ConfigError(f"{group}.name '{name}' is unknown{hint} (names: {names})")
    return SCHEMAS[group][name]


def _refuse_values_of_groups(known: object, given: object, key: str) -> None:
    """Refuse a number, a text or a list where a group of keys is expected."""
    if not isinstance(known, dict):
        return
    if not isinstance(given, dict):
        raise ConfigError(f"{key} must be an object with the keys {', '.join(map(str, known))}")
    for name, value in given.items():
        if name in known:
            _refuse_values_of_groups(known[name], value, f"{key}.{name}" if key else str(name))


def _refuse_conversions(given: object, read: object, key: str) -> None:
    """Refuse what OmegaConf would quietly turn into the right type, as "5" into 5."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            _refuse_conversions(value, read[name], f"{key}.{name}" if key else name)
    elif isinstance(given, list) and isinstance(read, list):
        for number, (value, converted) in enumerate(zip(given, read, strict=True)):
            _refuse_conversions(value, converted, f"{key}[{number}]")
    elif given != read or isinstance(given, bool) is not isinstance(read, bool):
        raise ConfigError(f"{key} is {given!r}, which has the wrong type; write {read!r}")


def _refuse_interpolations(value: object, where: str) -> None:
    if isinstance(value, str) and "${" in value:
        raise ConfigError(f"{where}: '{value}' is an interpolation; write its value")
    if isinstance(value, dict):
        for entry in value.values():
            _refuse_interpolations(entry, where)
    if isinstance(value, list):
        for entry in value:
            _refuse_interpolations(entry, where)
