"""Recommendations as a DataFrame."""

from __future__ import annotations

import numpy as np
import pandas as pd

from graphrec_cli.workflows.recommend import Request, recommend
from graphrec_cli.workflows.saved_run import SavedRun


def recommend_frame(loaded: SavedRun, request: Request) -> pd.DataFrame:
    """The columns of the CSV that ``graphrec recommend`` writes, one row per recommended item.

    ``user_id`` is missing for a new user, and ``title`` for an item without one. Similar items have
    ``similar_to`` in the place of ``user_id``.

    Args:
        loaded: a run whose model is prepared for scoring.

    Raises:
        GraphrecError: a user or an item is unknown, or k is larger than the catalog.
    """
    lists = recommend(loaded, request)
    blocks = list(lists.blocks)
    item_index = np.concatenate([block.top.item_index for block in blocks])
    length = np.concatenate([block.top.length for block in blocks])
    columns = {
        lists.named_by: np.repeat(np.concatenate([block.user_id for block in blocks]), length),
        "rank": np.arange(1, len(item_index) + 1) - np.repeat(np.cumsum(length) - length, length),
        "item_id": lists.item_id[item_index],
        "score": np.concatenate([block.top.score for block in blocks]),
    }
    if lists.title is not None:
        title = lists.title[item_index]
        columns["title"] = np.where(title == "", None, title)
    if lists.marks_cold:
        columns["cold"] = np.repeat(np.concatenate([block.cold for block in blocks]), length)
    return pd.DataFrame(columns)
