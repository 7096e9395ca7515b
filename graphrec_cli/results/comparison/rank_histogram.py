"""How the ranks of held-out pairs are distributed, in bins of about equal ratio."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def rank_histogram(place: NDArray[np.int64], missed: float, num_items: int) -> dict[str, Any]:
    """Shares of pairs by rank.

    Args:
        place: 1-based ranks of the pairs that are found, shape (pairs,).
        missed: share of all pairs that are not.
        num_items: the largest rank that is possible.

    Returns:
        ``edges``: 1, 2, 3, 5, 10, 20, 50, 100 and so on, the last above ``num_items``; ``shares``:
        for each bin ``edges[i] <= rank < edges[i + 1]`` its share of all pairs; ``missed``.
    """
    edges = list(_edges(num_items))
    counts, _ = np.histogram(place, bins=edges)
    found = max(len(place), 1) / (1 - missed) if missed < 1 else 1
    return {"edges": edges, "shares": (counts / found).tolist(), "missed": missed}


def _edges(num_items: int) -> Iterator[int]:
    yield from (1, 2, 3)
    for edge in (number * 10**power for power in itertools.count() for number in (5, 10, 20)):
        yield edge
        if edge > num_items:
            return
