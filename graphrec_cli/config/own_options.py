"""Check a user's own option files, so that an error names the file, the line and the key."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from graphrec_cli.config.checks import rules
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.option_lines import OptionFile, read_option_file
from graphrec_cli.config.options import group_options, option_file, read_option
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unknown import suggestion, unknown_key, unknown_option
from graphrec_cli.config.wrong_value import wrong_value
from graphrec_cli.errors import ConfigError

HERE = "@_here_"
OVERRIDE = "override /"
PACKAGE = "# @package _global_"


def check_own_options(words: Iterable[str], config_dir: str | None) -> dict[str, str]:
    """Check the files in the user's folder that words such as ``trainer=mine`` choose.

    Args:
        words: ``key=value``.
        config_dir: the folder; without one there is nothing to check.

    Returns:
        The full key of every value with an interpolation ``${...}``, which is only resolved when
        all is composed, to its file and line.

    Raises:
        ConfigError: a file is not YAML, or has an unknown key or option, or a value that its key
            does not accept; the message names the file and the line.
    """
    open_keys: dict[str, str] = {}
    if config_dir is None:
        return open_keys
    for word in words:
        group, _, option = word.partition("=")
        if group in (*SCHEMAS, "experiment"):
            _check(group, option.strip("'\""), config_dir, open_keys)
    return open_keys


@contextmanager
def located_interpolations(open_keys: Mapping[str, str], words: Iterable[str]) -> Iterator[None]:
    """Put the file and the line before an error about a value with an interpolation.

    Args:
        open_keys: what ``check_own_options`` returned.
        words: ``key=value``; the values of these keys are not those of a file.
    """
    given = {word.lstrip("+").partition("=")[0] for word in words}
    try:
        yield
    except ConfigError as error:
        key = re.split(r"[ \[]", str(error), maxsplit=1)[0]
        if key in given or key not in open_keys:
            raise
        raise ConfigError(f"{open_keys[key]}: {error}") from error


def _check(group: str, option: str, config_dir: str, open_keys: dict[str, str]) -> None:
    path = option_file(group, option, config_dir)
    if not path.is_file() or not path.is_relative_to(config_dir):
        return
    file = read_option_file(path, config_dir, open_keys)
    if group == "experiment":
        _check_experiment(file)
        return
    component = _component(group, file)
    values = {key: value for key, value in file.values.items() if key != "defaults"}
    _check_values(SCHEMAS[group][component], values, group, file, prefix=f"{group}.")


def _component(group: str, file: OptionFile) -> str:
    """The component that the file starts from, by its ``defaults``."""
    schemas = [f"/schema/{group}/{name}{HERE}" for name in SCHEMAS[group]]
    for place, entry in enumerate(_defaults(file)):
        key = f"defaults.{place}"
        if entry == "_self_":
            continue
        if not isinstance(entry, str) or not entry.endswith(HERE):
            hint = suggestion(str(entry), schemas)
            raise file.error(
                key, f"cannot start from '{entry}'{hint}; write one of {', '.join(schemas)}"
            )
        name = entry.removesuffix(HERE)
        if entry in schemas:
            return name.rpartition("/")[2]
        options = group_options(group, file.config_dir)
        if name.startswith("/schema/"):
            hint = suggestion(entry, schemas)
            raise file.error(key, f"unknown schema '{entry}'{hint} ({', '.join(schemas)})")
        if name not in options:
            with file.located(key):
                raise unknown_option(group, name, options)
        _check(group, name, file.config_dir, file.open_keys)
        return read_option(group, name, file.config_dir).component or next(iter(SCHEMAS[group]))
    if len(schemas) == 1:
        return next(iter(SCHEMAS[group]))
    raise file.error(
        "defaults", f"defaults must name what the option starts from: one of {', '.join(schemas)}"
    )


def _defaults(file: OptionFile) -> list[Any]:
    entries = file.values.get("defaults", [])
    if not isinstance(entries, list):
        raise file.error("defaults", "defaults must be a list, one '- ENTRY' a line")
    return entries


def _check_experiment(file: OptionFile) -> None:
    if not file.path.read_text(encoding="utf-8").lstrip().startswith(PACKAGE):
        raise file.error("", f"the first line of an experiment must be '{PACKAGE}'")
    chosen = read_option("", "config", None).selects
    groups = list(SCHEMAS)
    for place, entry in enumerate(_defaults(file)):
        key = f"defaults.{place}"
        if entry == "_self_":
            continue
        if not isinstance(entry, dict) or len(entry) != 1:
            raise file.error(key, f"write '{OVERRIDE}GROUP: OPTION', got '{entry}'")
        name, option = next(iter(entry.items()))
        group = str(name).removeprefix(OVERRIDE)
        if not str(name).startswith(OVERRIDE) or group not in groups:
            hint = suggestion(group.lstrip("/"), groups)
            raise file.error(
                key,
                f"'{name}' chooses nothing{hint}; write '{OVERRIDE}GROUP: OPTION' with a group "
                f"of {', '.join(groups)}",
            )
        options = group_options(group, file.config_dir)
        if option not in options:
            with file.located(key):
                raise unknown_option(group, str(option), options)
        _check(group, str(option), file.config_dir, file.open_keys)
        chosen[group] = str(option)
    for key, value in file.values.items():
        if key == "defaults":
            continue
        if key in SCHEMAS and isinstance(value, dict):
            component = read_option(key, chosen[key], file.config_dir).component
            schema = SCHEMAS[key][component or next(iter(SCHEMAS[key]))]
            _check_values(schema, value, key, file)
        else:
            _check_values(RunConfig, {key: value}, "", file)


def _check_values(
    schema: type, values: Mapping[Any, Any], parent: str, file: OptionFile, *, prefix: str = ""
) -> None:
    """Check values, and those of nested groups, each by itself.

    Args:
        schema: their dataclass.
        values: by name of the field.
        parent: the full key of the group.
        file: where they stand.
        prefix: what the full keys have before the keys of the file.
    """
    hints = typing.get_type_hints(schema)
    for name, value in values.items():
        full_key = f"{parent}.{name}" if parent else str(name)
        if "${" in str(value) and not isinstance(value, dict):
            file.open_keys[full_key] = file.place(full_key.removeprefix(prefix))
        with file.located(full_key.removeprefix(prefix)):
            if name not in hints:
                raise _unknown(full_key, schema)
            nested = hints[name]
            if is_dataclass(nested) and not isinstance(value, dict):
                raise _refused(full_key, value)
            if not is_dataclass(nested):
                _check_value(schema, name, value, full_key)
                continue
        assert isinstance(nested, type)
        _check_values(nested, value, full_key, file, prefix=prefix)


def _unknown(full_key: str, schema: type) -> ConfigError:
    return unknown_key(full_key, [name for name in typing.get_type_hints(schema) if name != "name"])


def _check_value(schema: type, name: str, value: object, full_key: str) -> None:
    if "${" in str(value):
        return  # Hydra resolves it later
    node = OmegaConf.structured(schema)
    try:
        OmegaConf.update(node, name, value)
        read = OmegaConf.to_object(node[name]) if isinstance(value, list) else node[name]
    except (OmegaConfBaseException, ValueError) as error:
        raise _refused(full_key, value) from error
    if read is not None:
        for rule in rules(schema)[name]:
            rule.check(full_key, read)


def _refused(full_key: str, value: object) -> ConfigError:
    shown = spell_value(value)
    return wrong_value(full_key, shown) or ConfigError(f"{full_key} cannot be '{shown}'")
