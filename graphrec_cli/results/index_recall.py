"""How much of an exact search an approximate index finds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SCORES_AT_ONCE = 1 << 23


def exact_top(user: NDArray[np.float32], item: NDArray[np.float32], k: int) -> NDArray[np.integer]:
    """The rows of ``item`` with the k largest dot products, best first, shape (users, k).

    Args:
        user: shape (users, dim).
        item: shape (items, dim), at least k rows.
    """
    size = max(1, _SCORES_AT_ONCE // len(item))
    found = []
    for start in range(0, len(user), size):
        scores = user[start : start + size] @ item.T
        best = np.argpartition(scores, len(item) - k, axis=1)[:, len(item) - k :]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


def recall_of_search(found: NDArray[np.integer], exact: NDArray[np.integer], k: int) -> float:
    """Mean share of the exact k nearest that are among the first k found.

    Args:
        found: ids in the order of an index, -1 for none, shape (users, at least k).
        exact: ids in the order of an exact search, shape (users, at least k).
    """
    base = np.arange(len(exact))[:, None] * (int(exact.max()) + 1)
    first = found[:, :k]
    valid = (first >= 0) & (first <= exact.max())
    hits = np.isin((first + base)[valid], exact[:, :k] + base)
    return float(hits.sum() / (len(exact) * k))
