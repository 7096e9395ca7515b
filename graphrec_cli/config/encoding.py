"""The rule for text encodings."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from graphrec_cli.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding that Python knows and in which lines and commas are single bytes, or UTF-16."""

    def check(self, key: str, encoding: str) -> None:
        """Refuse an encoding that is unknown or whose lines cannot be told apart."""
        try:
            name = codecs.lookup(encoding).name
            kept = name.startswith("utf-16") or "a,1\n".encode(name) == b"a,1\n"
        except (LookupError, ValueError):
            raise ConfigError(f"{key} '{encoding}' is unknown; try utf-8 or latin-1") from None
        if not kept:
            raise ConfigError(
                f"{key} '{encoding}' cannot be read line by line; save the file as utf-8"
            )

    def __str__(self) -> str:
        return "a text encoding of Python"
