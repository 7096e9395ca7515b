"""Check a user's own option files, so that an error names the file, the line and the key."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from graphrec_cli.config.checks import rules
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.options import group_options, option_file, read_option
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.unknown import suggestion, unknown_key, unknown_option
from graphrec_cli.config.wrong_value import wrong_value
from graphrec_cli.errors import ConfigError

HERE = "@_here_"
OVERRIDE = "override /"
PACKAGE = "# @package _global_"


@dataclass(frozen=True, slots=True)
class _File:
    """An option file.

    Attributes:
        path: of the file.
        config_dir: the folder of the user's options.
        values: the content.
        lines: dotted key to the number of its line; entries of ``defaults`` are ``defaults.0``...
    """

    path: Path
    config_dir: str
    values: dict[str, Any]
    lines: dict[str, int]

    def error(self, key: str, message: object) -> ConfigError:
        """The error for a key of the file, or for its beginning."""
        return ConfigError(f"{self.path}, line {self.lines.get(key, 1)}: {message}")

    @contextmanager
    def located(self, key: str) -> Iterator[None]:
        """Put the place of a key before the errors of the block."""
        try:
            yield
        except ConfigError as error:
            raise self.error(key, error) from error


def check_own_options(words: Iterable[str], config_dir: str | None) -> None:
    """Check the files in the user's folder that words such as ``trainer=mine`` choose.

    Args:
        words: ``key=value``.
        config_dir: the folder; without one there is nothing to check.

    Raises:
        ConfigError: a file is not YAML, or has an unknown key or option, or a value that its key
            does not accept; the message names the file and the line.
    """
    if config_dir is None:
        return
    for word in words:
        group, _, option = word.partition("=")
        if group in (*SCHEMAS, "experiment"):
            _check(group, option.strip("'\""), config_dir)


def _check(group: str, option: str, config_dir: str) -> None:
    path = option_file(group, option, config_dir)
    if not path.is_file() or not path.is_relative_to(config_dir):
        return
    file = _read(path, config_dir)
    if group == "experiment":
        _check_experiment(file)
        return
    component = _component(group, file)
    values = {key: value for key, value in file.values.items() if key != "defaults"}
    _check_values(SCHEMAS[group][component], values, group, file, prefix=f"{group}.")


def _read(path: Path, config_dir: str) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
        content = OmegaConf.to_container(OmegaConf.create(text), resolve=False)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        problem = str(error.problem)
        fault = "this is not valid YAML; check indentation, colons and quotes here and above"
        if "\\t" in problem:
            fault = "this is not valid YAML; indent with blanks, not tabs"
        elif "duplicate key" in problem:
            fault = f"{problem.removeprefix('found ')}; remove one"
        raise ConfigError(f"{path}, line {line}: {fault}") from error
    except (yaml.YAMLError, OmegaConfBaseException, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read: {reason}; save it as YAML in UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}, line 1: an option file has lines 'key: value', not a list")
    values = {str(key): value for key, value in content.items()}
    return _File(path, config_dir, values, dict(_lines(root, "")))


def _lines(node: yaml.Node | None, parent: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield f"{parent}{name.value}", name.start_mark.line + 1
            yield from _lines(value, f"{parent}{name.value}.")
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield f"{parent}{place}", value.start_mark.line + 1


def _component(group: str, file: _File) -> str:
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
        _check(group, name, file.config_dir)
        return read_option(group, name, file.config_dir).component or next(iter(SCHEMAS[group]))
    if len(schemas) == 1:
        return next(iter(SCHEMAS[group]))
    raise file.error(
        "defaults", f"defaults must name what the option starts from: one of {', '.join(schemas)}"
    )


def _defaults(file: _File) -> list[Any]:
    entries = file.values.get("defaults", [])
    if not isinstance(entries, list):
        raise file.error("defaults", "defaults must be a list, one '- ENTRY' a line")
    return entries


def _check_experiment(file: _File) -> None:
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
        _check(group, str(option), file.config_dir)
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
    schema: type, values: Mapping[Any, Any], parent: str, file: _File, *, prefix: str = ""
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
    if isinstance(value, str) and "${" in value:
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
