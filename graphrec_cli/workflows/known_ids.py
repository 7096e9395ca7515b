"""Look up raw ids that a user typed, and say what is wrong with those that a run does not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import counted, shorten
from graphrec_cli.workflows.saved_run import SavedRun

_IDS_SHOWN = 5
_TITLES_SHOWN = 10
_SHORTEST_NAME = 2
"""A single letter is in nearly every title."""


def index_of(ids: IdMap, wanted: NDArray[np.object_]) -> NDArray[np.int64]:
    """The index of every id in ``wanted``, -1 if unknown."""
    # Python strings, because numpy's lose trailing NULs and pad all to the longest.
    known = pd.Index(ids.text(), dtype=np.object_)
    return known.get_indexer(pd.Index(wanted, dtype=np.object_)).astype(np.int64)


def items_in_train(saved: SavedRun, key: str, wanted: Sequence[str]) -> NDArray[np.int64]:
    """The indices of items that have a train interaction.

    Args:
        key: the word that names them, for messages.
        wanted: raw ids.

    Raises:
        ConfigError: some are unknown, or have no train interaction.
    """
    return _usable_items(
        saved,
        key,
        wanted,
        usable=saved.split.train.item_degree > 0,
        fault="unknown to this run, or without a train interaction in it",
    )


def items_of_run(saved: SavedRun, key: str, wanted: Sequence[str]) -> NDArray[np.int64]:
    """The indices of items of the run.

    Raises:
        ConfigError: some are unknown.
    """
    every = np.ones(saved.split.train.num_items, dtype=np.bool_)
    return _usable_items(saved, key, wanted, usable=every, fault="unknown to this run")


def item_in_train(saved: SavedRun, item_id: str) -> int:
    """The index of the item that ``item=ID`` names; it has a train interaction.

    Raises:
        ConfigError: it is unknown, or has no train interaction.
    """
    (item,) = index_of(saved.split.items, np.array([item_id], dtype=np.object_)).tolist()
    if item < 0:
        hint = ids_of_titles(saved, "item", [item_id]) or "name one of its item ids"
        raise ConfigError(f"item {item_id!r} is unknown to this run; {hint}")
    if not saved.split.train.item_degree[item]:
        raise ConfigError(
            f"item {item_id!r} has no train interaction in this run, so the model knows nothing "
            "of it; name another item"
        )
    return int(item)


def user_in_train(saved: SavedRun, user_id: str) -> int:
    """The index of the user that ``user=ID`` names, who has a train interaction.

    Raises:
        ConfigError: the user is unknown, or has no train interaction.
    """
    (user,) = index_of(saved.split.users, np.array([user_id], dtype=np.object_)).tolist()
    if user < 0:
        raise ConfigError(f"user {user_id!r} is unknown to this run; name one of its user ids")
    if not saved.split.train.user_degree[user]:
        raise ConfigError(
            f"user {user_id!r} has no train interaction in this run; name another user"
        )
    return int(user)


def _usable_items(
    saved: SavedRun, key: str, wanted: Sequence[str], *, usable: NDArray[np.bool_], fault: str
) -> NDArray[np.int64]:
    item_id = np.array(wanted, dtype=np.object_)
    items = index_of(saved.split.items, item_id)
    refused = ~np.append(usable, False)[items]
    if refused.any():
        unknown = item_id[items < 0].tolist()
        raise ConfigError(
            f"{some_of(int(np.count_nonzero(refused)), len(items), 'item')} {fault}: "
            f"{shown_ids(item_id[refused])}; "
            + (
                ids_of_titles(saved, key, unknown)
                or f"remove them from {key}{hint_of_commas(key, saved.split.items)}"
            )
        )
    return items


def hint_of_commas(key: str, ids: IdMap) -> str:
    """How to name ids with a comma, which separates ids on the command line; "" without any."""
    with_comma = next((id for id in ids.text().tolist() if "," in id), None)
    if with_comma is None:
        return ""
    shown = shorten(with_comma, 40)
    return (
        f"; ids with commas, such as '{shown}', are read from a file: {key}=@FILE, one id per line"
    )


def some_of(number: int, of: int, noun: str) -> str:
    """Such as ``1 of 2 items is`` or ``3 of 3 items are``."""
    return f"{number:,} of {counted(of, noun)} {'is' if number == 1 else 'are'}"


def shown_ids(ids: NDArray[np.object_]) -> str:
    """The first ids, for a message."""
    more = ", ..." if len(ids) > _IDS_SHOWN else ""
    return ", ".join(map(repr, ids[:_IDS_SHOWN])) + more


def ids_of_titles(saved: SavedRun, key: str, unknown: Sequence[str]) -> str:
    """The ids of items whose titles were given in place of ids; empty without any.

    Of each name the items with this title, or else those whose title contains it, the ones with
    the most train interactions first. Capital and small letters are the same.
    """
    if saved.title is None:
        return ""
    title = np.strings.lower(saved.title.astype(np.str_))
    # Ids are separated by commas, which titles contain as well.
    for names in ([",".join(unknown)], unknown):
        found = list(dict.fromkeys(item for name in names for item in _with_title(title, name)))
        if found:
            break
    else:
        return ""
    degree = saved.split.train.item_degree
    found.sort(key=lambda item: -degree[item])
    item_id = saved.split.items.ids
    shown = [
        f"'{shorten(str(saved.title[item]), 40)}' is {key}={shorten(str(item_id[item]), 40)} "
        f"({counted(int(degree[item]), 'train interaction')})"
        for item in found[:_TITLES_SHOWN]
    ]
    more = f" and {len(found) - len(shown):,} more" if len(found) > len(shown) else ""
    return f"{key} takes ids, not titles: {', '.join(shown)}{more}"


def _with_title(lower: NDArray[Any], name: str) -> list[int]:
    """The items with a title in lower case, or else those whose title contains it."""
    name = name.strip().lower()
    if len(name) < _SHORTEST_NAME:
        return []
    exact = np.flatnonzero(lower == name)
    return (exact if len(exact) else np.flatnonzero(np.strings.find(lower, name) >= 0)).tolist()
