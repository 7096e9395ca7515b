"""Take values of text keys, such as paths and column names, whole instead of by Hydra's grammar."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from graphrec_cli.config.keys import list_keys
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.store import SCHEMAS

_PLAIN = re.compile(r"[A-Za-z_/][\w/.-]*", re.ASCII)
"""Values that Hydra's grammar reads as the same text."""
CONDITION = "dataset.where"
"""It may begin with a column in quotes, and has commas within parentheses."""
_WORDS = {"null", "true", "false", "nan", "inf"}


def quote_text(word: str, *, sweeps: bool) -> str:
    """Quote the value of a text key for Hydra; other words are returned unchanged.

    A value in quotes or with ``${`` is Hydra's own spelling and stays. ``~`` is the
    home folder in a path.

    Args:
        word: ``key=value``.
        sweeps: a comma separates values, which are quoted one by one; not those of a condition.
    """
    key, _, value = word.partition("=")
    name = key.lstrip("+")
    in_quotes = value[:1] in ("'", '"') and (name != CONDITION or value[-1] == value[0])
    if name not in _text_keys() or not value or in_quotes or value[0] == "[" or "${" in value:
        return word
    if sweeps and re.match(r"(choice|range|interval|glob|sort|shuffle)\(", value):
        return word
    parts = value.split(",") if sweeps and name != CONDITION else [value]
    return f"{key}={','.join(_quote_part(name, part) for part in parts)}"


def path_keys() -> list[str]:
    """Every key of the components that names a file or a folder."""
    return sorted(filter(is_path, _text_keys()))


def is_path(key: str) -> bool:
    """Whether a text key names a file or a folder, by its last part."""
    name = key.rpartition(".")[2]
    return name in ("path", "folder", "file") or name.endswith(("_path", "_dir", "_file"))


def quoted(text: str) -> str:
    """Quote text so that Hydra's grammar reads it unchanged."""
    # Backslashes are special only before a quote, where they must be doubled.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + found[2].replace("'", "\\'"), text)
    return f"'{escaped}'"


def _quote_part(key: str, value: str) -> str:
    if is_path(key) and re.match("~(/|$)", value):
        value = str(Path(value).expanduser())
    if value == "null":
        return value
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return quoted(value)


@cache
def _text_keys() -> frozenset[str]:
    """Every text key of the built-in components."""
    keys = [*list_keys(RunConfig, "")]
    for group, schemas in SCHEMAS.items():
        keys += [key for schema in schemas.values() for key in list_keys(schema, group)]
    return frozenset(key.name for key in keys if key.type in ("text", "text or null"))
