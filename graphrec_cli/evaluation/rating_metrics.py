"""Rating metrics from arrays, for all users and cut-offs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.errors import DataError


def rating_metrics(
    user_index: NDArray[np.integer],
    rating: NDArray[np.floating],
    prediction: NDArray[np.floating],
    *,
    tie_order: NDArray[np.int64],
    ks: Sequence[int],
    threshold: float,
) -> dict[str, float]:
    """Compute errors over all pairs, and precision and recall over each user's rated pairs.

    For each user, the k pairs with the highest prediction count. A pair is relevant if its rating
    is at least ``threshold``, and recommended if its prediction is.

    Args:
        user_index: user of every pair, in any order, shape (pairs,).
        rating, prediction: shape (pairs,).
        tie_order: order among a user's pairs with equal predictions: the smaller number comes
            first; shape (pairs,).
        ks: cut-offs.
        threshold: in units of the ratings.

    Returns:
        ``rmse`` and ``mae`` over all pairs; for every k the means over users of ``precision@k``,
        relevant and recommended / recommended (0 if none is recommended), and of ``recall@k``,
        relevant and recommended / all relevant pairs of the user (0 if none is relevant).

    Raises:
        DataError: there is no pair.
    """
    if not len(rating):
        raise DataError("no held-out rating to compare with; hold out more pairs (split)")
    error = prediction.astype(np.float64) - rating
    metrics = {"rmse": float(np.sqrt(np.square(error).mean())), "mae": float(np.abs(error).mean())}

    order = np.lexsort((tie_order, -prediction, user_index))
    users, start, row = np.unique(user_index[order], return_index=True, return_inverse=True)
    place = np.arange(len(order)) - start[row]
    relevant, recommended = rating[order] >= threshold, prediction[order] >= threshold
    all_relevant = np.bincount(row[relevant], minlength=len(users))
    for k in ks:
        chosen = recommended & (place < k)
        hits = np.bincount(row[chosen & relevant], minlength=len(users))
        num_chosen = np.bincount(row[chosen], minlength=len(users))
        # Without a recommended or relevant pair the metric is 0, here 0 / 1.
        metrics[f"precision@{k}"] = float((hits / np.maximum(num_chosen, 1)).mean())
        metrics[f"recall@{k}"] = float((hits / np.maximum(all_relevant, 1)).mean())
    return metrics
