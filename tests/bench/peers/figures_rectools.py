"""Figures of recommendation lists by RecTools, and their Gini coefficient by PySAL.

Reads cases as JSON from stdin, writes the figures of each as JSON to stdout.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from inequality.gini import Gini
from numpy.typing import NDArray
from rectools import Columns
from rectools.metrics import (
    AvgRecPopularity,
    CatalogCoverage,
    IntraListDiversity,
    MeanInvUserFreq,
    PairwiseDistanceCalculator,
)
from scipy.spatial.distance import cdist


class CosineDistances(PairwiseDistanceCalculator):  # type: ignore[misc]
    """1 - cosine similarity of attribute vectors by scipy, NaN for an item without attributes."""

    def __init__(self, vectors: NDArray[np.float64]) -> None:
        with np.errstate(invalid="ignore"):
            self.distances = cdist(vectors, vectors, "cosine")

    def _get_distances_for_item_pairs(self, items_0: Any, items_1: Any) -> NDArray[np.float64]:
        return np.asarray(self.distances[items_0.astype(int), items_1.astype(int)])


def figures(case: dict[str, Any]) -> dict[str, float]:
    """The figures of one case by our keys."""
    lists, k = case["lists"], case["k"]
    reco = pd.DataFrame(
        [(user, item, rank) for user, one in enumerate(lists) for rank, item in enumerate(one, 1)],
        columns=[Columns.User, Columns.Item, Columns.Rank],
    )
    train = pd.DataFrame(case["train"], columns=[Columns.User, Columns.Item])
    catalog = train[Columns.Item].unique()
    first = reco[reco[Columns.Rank] <= k]
    times = first[Columns.Item].value_counts().reindex(catalog, fill_value=0)
    found = {
        "coverage": CatalogCoverage(k=k, normalize=True).calc(reco, catalog),
        "gini": Gini(times.to_numpy(dtype=float)).g,
        "popularity": AvgRecPopularity(k=k).calc(reco, train),
        "novelty": MeanInvUserFreq(k=k).calc(reco, train),
    }
    distances = CosineDistances(np.array(case["vectors"], dtype=np.float64))
    per_user = IntraListDiversity(k=k, distance_calculator=distances).calc_per_user(reco)
    # RecTools counts a list without a pair as 0, graphrec leaves it out.
    known = np.array(case["vectors"]).sum(axis=1)[first[Columns.Item]] > 0
    paired = first[Columns.User][known].value_counts()
    per_user = per_user[per_user.index.isin(paired.index[paired > 1])]
    if len(per_user):
        found["diversity"] = per_user.mean()
    return {f"{name}@{k}": float(value) for name, value in found.items()}


if __name__ == "__main__":
    json.dump([figures(case) for case in json.load(sys.stdin)], sys.stdout)
