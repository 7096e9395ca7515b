"""The keys of a configuration class, with type, default, range and meaning.

The meaning of a key is the docstring under its field. Help and docs/configuration.md read it here,
so that it is written once.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING as NO_DEFAULT
from dataclasses import Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from graphrec_cli.config.checks import rules


@dataclass(frozen=True, slots=True)
class Key:
    """One key that a user can set.

    Attributes:
        name: the full key, such as ``trainer.epochs``.
        type: the type in words, and whether null is allowed.
        default: as written after ``key=``.
        allowed: the values of a choice, or the range; empty if every value of the type is allowed.
        meaning: the docstring under the field, on one line.
        offered: the values that can be listed: those of a choice or a switch, and null.
    """

    name: str
    type: str
    default: str
    allowed: str
    meaning: str
    offered: tuple[str, ...]


def list_keys(schema: type, group: str, values: Mapping[str, Any] | None = None) -> Iterator[Key]:
    """All keys of ``schema``, nested ones too, without the component's ``name``.

    Args:
        schema: a configuration class.
        group: the full key of its instances; empty for ``RunConfig``.
        values: defaults that an option file sets in place of those of the class.
    """
    values = values or {}
    hints = typing.get_type_hints(schema)
    for field in fields(schema):
        if field.name == "name":
            continue
        name = f"{group}.{field.name}" if group else field.name
        hint = hints[field.name]
        if isinstance(hint, type) and is_dataclass(hint):
            given = values.get(field.name, {})
            own = _default(field) if isinstance(given, Mapping) else given
            nested = {inner.name: getattr(own, inner.name) for inner in fields(own)}
            over = given if isinstance(given, Mapping) else {}
            yield from list_keys(hint, name, {**nested, **over})
            continue
        default = values.get(field.name, _default(field))
        allowed = [*_choices(hint), *map(str, rules(schema)[field.name])]
        yield Key(
            name=name,
            type=_type(hint),
            default=spell_value(default),
            allowed=", ".join(allowed),
            meaning=meaning(schema, field.name),
            offered=tuple(_offered(hint)),
        )


def meaning(schema: type, field: str) -> str:
    """The docstring under a field, on one line; empty if neither the class nor a base has one."""
    for owner in schema.__mro__:
        found = _field_docstrings(owner.__module__).get((owner.__name__, field))
        if found is not None:
            return " ".join(found.split())
    return ""


def first_sentence(text: str) -> str:
    """``text`` up to its first full stop that ends a sentence."""
    head, stop, _ = text.partition(". ")
    return head + "." if stop else text


def spell_value(value: object) -> str:
    """A value as written after ``key=``."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(spell_value, value))}]"
    return "''" if value == "" else str(value)


@cache
def _field_docstrings(module: str) -> dict[tuple[str, str], str]:
    """Class and field name to the string literal under the field."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (OSError, TypeError):
        return {}
    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                found[node.name, field.target.id] = below.value.value
    return found


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not NO_DEFAULT:
        return field.default_factory()
    return field.default


def _kinds(hint: Any) -> list[Any]:
    return list(typing.get_args(hint)) if isinstance(hint, types.UnionType) else [hint]


def _type(hint: Any) -> str:
    words = {int: "integer", float: "number", str: "text", bool: "true or false"}
    words |= {list[int]: "list of integers", list[str]: "list of text", types.NoneType: "null"}
    return " or ".join(
        words.get(kind, "list" if typing.get_origin(kind) is list else "choice")
        for kind in _kinds(hint)
    )


def _choices(hint: Any) -> list[str]:
    return [
        member.name
        for kind in _kinds(hint)
        if isinstance(kind, type) and issubclass(kind, Enum)
        for member in kind
    ]


def _offered(hint: Any) -> list[str]:
    kinds = _kinds(hint)
    switch = ["true", "false"] if bool in kinds else []
    return [*_choices(hint), *switch, *(["null"] if types.NoneType in kinds else [])]
