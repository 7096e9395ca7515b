"""Look up raw ids that a user typed, and say what is wrong with those that a run does not have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import shorten
from graphrec_cli.workflows.saved_run import SavedRun

_IDS_SHOWN = 5


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
    split = saved.split
    item_id = np.array(wanted, dtype=np.object_)
    items = index_of(split.items, item_id)
    unusable = np.append(split.train.item_degree == 0, True)[items]
    if unusable.any():
        raise ConfigError(
            f"{np.count_nonzero(unusable)} of the {len(items)} items are unknown to this run, or "
            f"have no train interaction in it: {shown_ids(item_id[unusable])}; "
            + (
                _ids_of_titles(saved, wanted)
                or f"remove them from {key}{hint_of_commas(key, split.items)}"
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


def shown_ids(ids: NDArray[np.object_]) -> str:
    """The first ids, for a message."""
    more = ", ..." if len(ids) > _IDS_SHOWN else ""
    return ", ".join(map(repr, ids[:_IDS_SHOWN])) + more


def _ids_of_titles(saved: SavedRun, wanted: Sequence[str]) -> str:
    """The ids of items whose titles were given in place of ids; empty without any."""
    if saved.title is None:
        return ""
    item_id, title = saved.split.items.text(), saved.title.astype(np.object_)
    # Ids are separated by commas, which titles contain as well.
    names = {*wanted, ",".join(wanted)}
    found = [
        f"'{title[index]}' is items={item_id[index]}"
        for index in range(len(title))
        if title[index] in names
    ]
    return f"items takes ids, not titles: {', '.join(found[:_IDS_SHOWN])}" if found else ""
