"""Check the values of a user's option file against the dataclass that they are for."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from graphrec_cli.config.checks import rules
from graphrec_cli.config.keys import spell_value
from graphrec_cli.config.option_lines import OptionFile
from graphrec_cli.config.unknown import Advice, unknown_key
from graphrec_cli.config.wrong_value import wrong_value
from graphrec_cli.errors import ConfigError


def check_values(
    schema: type,
    values: Mapping[Any, Any],
    parent: str,
    file: OptionFile,
    advice: Advice,
    *,
    prefix: str = "",
) -> None:
    """Check values, and those of nested groups, each by itself.

    Args:
        schema: their dataclass.
        values: by name of the field.
        parent: the full key of the group.
        file: where they stand.
        advice: for keys of another component.
        prefix: what the full keys have before the keys of the file.

    Raises:
        ConfigError: a key is unknown or a value is refused; the message names file and line.
    """
    hints = typing.get_type_hints(schema)
    known = [field.name for field in fields(schema)]
    for name, value in values.items():
        full_key = f"{parent}.{name}" if parent else str(name)
        if "${" in str(value) and not isinstance(value, dict):
            file.open_keys[full_key] = file.place(full_key.removeprefix(prefix))
        with file.located(full_key.removeprefix(prefix)):
            if name not in known:
                raise unknown_key(full_key, known, advice)
            nested = hints[name]
            if is_dataclass(nested) and not isinstance(value, dict):
                raise _refused(full_key, value)
            if not is_dataclass(nested):
                _check_value(schema, name, value, full_key)
                continue
        assert isinstance(nested, type)
        check_values(nested, value, full_key, file, advice, prefix=prefix)


def _check_value(schema: type, name: str, value: object, full_key: str) -> None:
    if "${" in str(value):
        return  # Hydra resolves it later
    node = OmegaConf.structured(schema)
    try:
        OmegaConf.update(node, name, value)
        read = OmegaConf.to_object(node[name]) if isinstance(value, list) else node[name]
    except (OmegaConfBaseException, ValueError) as error:
        raise _refused(full_key, value) from error
    if isinstance(read, bool) and isinstance(value, int) and value not in (0, 1):
        raise _refused(full_key, value)  # OmegaConf takes it for true
    if read is not None:
        for rule in rules(schema)[name]:
            rule.check(full_key, read)


def _refused(full_key: str, value: object) -> ConfigError:
    shown = spell_value(value)
    return wrong_value(full_key, shown) or ConfigError(f"{full_key} cannot be '{shown}'")
