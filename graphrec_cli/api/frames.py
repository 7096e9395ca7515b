"""What a run's files hold, as DataFrames with raw ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.rundir.ranks_npz import SavedRanks


def pairs_frame(
    part: UserItems, user_ids: NDArray[np.object_], item_ids: NDArray[np.object_]
) -> pd.DataFrame:
    """The pairs of a part: ``user_id``, ``item_id``, and ``rating`` if the pairs have ratings."""
    columns = {"user_id": user_ids[part.user_index()], "item_id": item_ids[part.item_index]}
    rating = {} if part.rating is None else {"rating": part.rating}
    return pd.DataFrame({**columns, **rating})


def ranks_frame(
    ranks: SavedRanks, user_ids: NDArray[np.object_], item_ids: NDArray[np.object_]
) -> pd.DataFrame:
    """The ranks as float64, so that an item that is never found has the rank infinity."""
    rank = ranks.rank.astype(np.float64)
    rank[ranks.rank < 0] = np.inf
    return pd.DataFrame(
        {"user_id": user_ids[ranks.user_index], "item_id": item_ids[ranks.item_index], "rank": rank}
    )


def history_frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """A row per epoch; metrics are columns such as ``valid ndcg@10``, NaN where not measured."""
    names = ("epoch", "step", "loss", "learning_rate", "seconds", "triplets_per_second")
    metrics = list(dict.fromkeys(name for row in rows for name in row["valid"] or {}))
    columns: dict[str, list[float]] = {name: [row[name] for row in rows] for name in names}
    for metric in metrics:
        values = [(row["valid"] or {}).get(metric, float("nan")) for row in rows]
        columns[f"valid {metric}"] = values
    return pd.DataFrame(columns)
