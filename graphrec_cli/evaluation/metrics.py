"""Ranking metrics from ranks, for all users and cut-offs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.errors import DataError

MISS = int(np.iinfo(np.int64).max)
"""The rank of a held-out item that cannot be recommended: it is beyond every cut-off."""


def per_user_metrics(
    user_index: NDArray[np.integer],
    rank: NDArray[np.int64],
    *,
    ks: Sequence[int],
    map_denominator: MapDenominator,
) -> tuple[NDArray[np.integer], dict[str, NDArray[np.float64]]]:
    """Compute the metrics of every user with at least one held-out pair.

    Args:
        user_index: user of every held-out pair, in any order, shape (pairs,).
        rank: 0-based rank of every pair, ``MISS`` for an item outside the catalog; shape (pairs,).
            The ranks of a user are distinct, except for ``MISS``.
        ks: cut-offs.
        map_denominator: the denominator of map@k.

    Returns:
        The users in ascending order, shape (users,), and for each of ``hit@k``, ``recall@k``,
        ``precision@k``, ``ndcg@k``, ``map@k`` and ``mrr`` one value per user, shape (users,).
        ndcg has binary gains, and its ideal list has min(held-out, k) items (Järvelin and
        Kekäläinen, 2002); mrr is 1 / (1 + best rank), 0 for a miss.
    """
    order = np.lexsort((rank, user_index))
    rank = rank[order]
    users, start, row, held_out = np.unique(
        user_index[order], return_index=True, return_inverse=True, return_counts=True
    )
    found = rank != MISS
    place = rank.astype(np.float64) + 1
    precision_at_hit = (np.arange(len(rank)) - start[row] + 1) / place
    discount = 1 / np.log2(place + 1)

    def total(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.bincount(row, weights=values, minlength=len(users)).astype(np.float64)

    metrics: dict[str, NDArray[np.float64]] = {}
    for k in ks:
        hit = found & (rank < k)
        hits = total(hit)
        reachable = np.minimum(held_out, k)
        ideal = np.cumsum(1 / np.log2(np.arange(2, reachable.max(initial=0) + 2)))
        divisor = reachable if map_denominator is MapDenominator.min else held_out
        metrics[f"hit@{k}"] = (hits > 0).astype(np.float64)
        metrics[f"recall@{k}"] = hits / held_out
        metrics[f"precision@{k}"] = hits / k
        metrics[f"ndcg@{k}"] = total(hit * discount) / ideal[reachable - 1]
        metrics[f"map@{k}"] = total(hit * precision_at_hit) / divisor
    metrics["mrr"] = np.where(found[start], 1 / place[start], 0.0)
    return users, metrics


def ranking_metrics(
    user_index: NDArray[np.integer],
    rank: NDArray[np.int64],
    *,
    ks: Sequence[int],
    map_denominator: MapDenominator,
) -> dict[str, float]:
    """Average ``per_user_metrics`` over the users with at least one held-out pair.

    Raises:
        DataError: there is no held-out pair.
    """
    if not len(rank):
        raise DataError("no held-out item can be ranked; hold out more pairs (split)")
    _, metrics = per_user_metrics(user_index, rank, ks=ks, map_denominator=map_denominator)
    return {name: float(values.mean()) for name, values in metrics.items()}
