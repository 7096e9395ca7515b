"""Raw ids as Python programs name them: one or several, as text or as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from graphrec_cli.errors import ConfigError

Id: TypeAlias = str | int | np.integer
Ids: TypeAlias = Id | Iterable[Any]
"""One raw id or several; a number stands for its text."""


def id_texts(ids: Ids) -> list[str]:
    """The ids as text, in the order given."""
    if isinstance(ids, str) or not isinstance(ids, Iterable):
        return [str(ids)]
    return [str(each) for each in ids]


def distinct_ids(key: str, ids: Ids) -> list[str]:
    """The ids as text, each once, in the order given.

    Raises:
        ConfigError: there is none.
    """
    names = list(dict.fromkeys(id_texts(ids)))
    if not names:
        raise ConfigError(f"{key} has no ids; name at least one")
    return names
