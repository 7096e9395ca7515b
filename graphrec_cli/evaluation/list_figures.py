"""Figures of recommendation lists beyond accuracy, from arrays alone.

Every figure is for the first k items of the lists. The catalog is the items with a train
interaction.

- ``coverage@k``: share of the catalog that is in a list (Herlocker et al., "Evaluating
  collaborative filtering recommender systems", TOIS 2004).
- ``gini@k``: Gini coefficient of how often each item of the catalog is in a list, 0 for all items
  equally often (Fleder and Hosanagar, "Blockbuster culture's next rise or fall", Management
  Science 2009).
- ``popularity@k`` and ``popularity_percentile@k``: the train interactions of a recommended item,
  as a number and as a place in the catalog (Abdollahpouri et al., "Managing popularity bias in
  recommender systems with personalized re-ranking", FLAIRS 2019).
- ``novelty@k``: self-information -log2(users with the item / users), in bits (Vargas and Castells,
  "Rank and relevance in novelty and diversity metrics for recommender systems", RecSys 2011).
- ``diversity@k``: 1 - cosine similarity of the attribute sets of two recommended items, the mean
  over all pairs (Ziegler et al., "Improving recommendation lists through topic diversification",
  WWW 2005).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


class ListFigures:
    """Adds up the lists of users, some users at a time.

    Args:
        item_degree: users of every item in train, shape (items,).
        num_users: users with a train interaction.
        ks: lengths of the lists, ascending.
        attributes: ``indptr`` and ``index`` of the items' attributes in compressed rows; None
            without attributes.
    """

    def __init__(
        self,
        *,
        item_degree: NDArray[np.int64],
        num_users: int,
        ks: Sequence[int],
        attributes: tuple[NDArray[np.int64], NDArray[np.int32]] | None = None,
    ) -> None:
        self._catalog = item_degree > 0
        degree = item_degree[self._catalog]
        self._values = {
            "popularity": item_degree.astype(np.float64),
            "popularity_percentile": np.zeros(len(item_degree)),
            "novelty": np.zeros(len(item_degree)),
        }
        self._values["popularity_percentile"][self._catalog] = _percentiles(degree)
        self._values["novelty"][self._catalog] = np.log2(num_users) - np.log2(degree)
        self._directions = None if attributes is None else _unit_rows(*attributes)
        self._times = {k: np.zeros(len(item_degree), dtype=np.int64) for k in ks}
        self._means = {name: _Mean() for k in ks for name in self._names(k)}

    def _names(self, k: int) -> list[str]:
        # One item alone has no diversity.
        diversity = ["diversity"] if self._directions is not None and k > 1 else []
        return [f"{name}@{k}" for name in (*self._values, *diversity)]

    def add(self, length: NDArray[np.int64], item_index: NDArray[np.int64]) -> None:
        """Count the lists of some users.

        Args:
            length: items of each list, at least the largest k unless the user has fewer
                candidates; shape (users,).
            item_index: the lists one after the other, the best item of each first; shape
                (length.sum(),).
        """
        row = np.repeat(np.arange(len(length)), length)
        place = np.arange(len(row)) - (np.cumsum(length) - length)[row]
        for k, times in self._times.items():
            first = place < k
            items, rows, size = item_index[first], row[first], np.minimum(length, k)
            times += np.bincount(items, minlength=len(times))
            some = size > 0
            for name, values in self._values.items():
                total = np.bincount(rows, weights=values[items], minlength=len(length))
                self._means[f"{name}@{k}"].add(total[some] / size[some])
            if f"diversity@{k}" in self._means:
                self._means[f"diversity@{k}"].add(self._diversity(items, size))

    def _diversity(self, items: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of every list with two items that have attributes; items without any are left out."""
        assert self._directions is not None
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(size)])
        shape = (len(size), self._directions.shape[0])
        lists = sparse.csr_array((np.ones(len(items)), items, indptr), shape=shape)
        sums = lists @ self._directions
        # The squared length of a sum of n unit vectors is n + the cosines of all ordered pairs.
        squared: NDArray[np.float64] = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
        known = lists @ (np.diff(self._directions.indptr) > 0).astype(np.float64)
        paired = known > 1
        known, squared = known[paired], squared[paired]
        cosine: NDArray[np.float64] = (squared - known) / (known * (known - 1))
        return (1 - cosine).clip(0, 1)

    def result(self) -> dict[str, float]:
        """Every figure by its key, without those that no list has."""
        figures: dict[str, float] = {}
        for k, times in self._times.items():
            times = times[self._catalog]
            if not times.any():
                continue
            figures[f"coverage@{k}"] = float(np.count_nonzero(times) / len(times))
            figures[f"gini@{k}"] = gini(times)
            for name in self._names(k):
                if self._means[name].number:
                    figures[name] = self._means[name].value()
        return figures


class _Mean:
    """A mean over all values that are added."""

    def __init__(self) -> None:
        self.number = 0
        self._total = 0.0

    def add(self, values: NDArray[np.float64]) -> None:
        self.number += len(values)
        self._total += float(values.sum())

    def value(self) -> float:
        return self._total / self.number


def gini(times: NDArray[np.int64]) -> float:
    """Gini coefficient of counts, 0 if all are equal and 1 - 1/n if one has everything.

    Args:
        times: not negative, at least one above 0, shape (n,).
    """
    ascending, number = np.sort(times), len(times)
    weighted = int((np.arange(1, number + 1) * ascending).sum())
    total = int(ascending.sum())
    return (2 * weighted - (number + 1) * total) / (number * total)


def _percentiles(degree: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of values below each, and half of those equal to it; from 0 to 1."""
    ascending = np.sort(degree)
    below, up_to = (np.searchsorted(ascending, degree, side) for side in ("left", "right"))
    return (below + up_to) / (2 * len(degree))


def _unit_rows(indptr: NDArray[np.int64], index: NDArray[np.int32]) -> sparse.csr_array:
    """A vector of length 1 for every item with attributes, shape (items, attributes)."""
    size = np.diff(indptr)
    values = np.repeat(1 / np.sqrt(np.maximum(size, 1)), size)
    width = int(index.max(initial=-1)) + 1
    return sparse.csr_array((values, index, indptr), shape=(len(size), max(width, 1)))
