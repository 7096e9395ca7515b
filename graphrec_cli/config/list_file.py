"""How a file of recommendation lists is written: the words of a command that reads one."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

from graphrec_cli.config.encoding import Encoding
from graphrec_cli.config.table import Separator, TextFormat
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.errors import ConfigError

COLUMN_KEYS = ("user", "item", "score", "rank", "items")
"""Keys that name a column; all but the first may be empty for no such column."""
TEXT_KEYS = ("separator", "columns", "encoding", "comment", "quoted")
"""Keys that say how delimited text is written, as in ``dataset=table``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFile:
    """The columns and the form of a file of lists.

    Attributes:
        columns: by one of ``COLUMN_KEYS`` the name that is given, "" for no such column. The
            others have common names.
        text: how the file is written if it is delimited text.
    """

    columns: dict[str, str]
    text: TextFormat

    @classmethod
    def from_words(cls, values: Mapping[str, str]) -> ListFile:
        """Read the values of ``COLUMN_KEYS`` and ``TEXT_KEYS``, as they are typed.

        Raises:
            ConfigError: a value is refused.
        """
        columns = {key: values[key] for key in COLUMN_KEYS if key in values}
        if columns.get("user") == "":
            raise ConfigError("user must name a column, got ''")
        if columns.get("item") and columns.get("items"):
            raise ConfigError(
                "item names the column of one item a row, items that of lists; set one of them"
            )
        encoding = values.get("encoding", "utf-8")
        Encoding().check("encoding", encoding)
        return cls(
            columns=columns,
            text=TextFormat(
                prefix="",
                given=tuple(key for key in TEXT_KEYS if key in values),
                separator=_separator(values.get("separator")),
                quoted=_switch("quoted", values.get("quoted", "true")),
                encoding=codecs.lookup(encoding).name,
                comment=values.get("comment"),
                columns=_names(values.get("columns")),
            ),
        )


def _separator(name: str | None) -> Separator | None:
    if name is None:
        return None
    known = [separator.name for separator in Separator]
    if name not in known:
        hint = suggestion(name, known)
        raise ConfigError(f"separator must be one of {', '.join(known)}, got '{name}'{hint}")
    return Separator[name]


def _switch(key: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise ConfigError(f"{key} must be true or false, got '{value}'")
    return value == "true"


def _names(value: str | None) -> tuple[str, ...] | None:
    """The names in ``[user,item]``, with or without brackets."""
    if value is None:
        return None
    inside = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    names = tuple(name.strip() for name in inside.split(","))
    if not all(names) or len(set(names)) < len(names):
        raise ConfigError(f"columns must list distinct names, as in [user,item], got '{value}'")
    return names
