"""Metrics of more and less active users, from arrays alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.evaluation.segments import SEGMENTS, thirds


def by_activity(
    degree: NDArray[np.int64], metrics: Mapping[str, NDArray[np.float64]]
) -> dict[str, dict[str, float]]:
    """Means of metrics over each third of the users, and how far the thirds are apart.

    Args:
        degree: train interactions of every user, at least one user, shape (users,).
        metrics: values by metric, each of shape (users,).

    Returns:
        For each of the ``SEGMENTS`` that ``thirds`` cuts the users into, unless empty, ``users``,
        the smallest and the largest degree (``train_least``, ``train_most``) and the metrics; for
        ``gap`` the difference of the best and the worst third in each metric.
    """
    third = thirds(degree, np.ones_like(degree))
    found: dict[str, dict[str, float]] = {}
    for number, name in enumerate(SEGMENTS):
        users = third == number
        if users.any():
            found[name] = {
                "users": int(np.count_nonzero(users)),
                "train_least": int(degree[users].min()),
                "train_most": int(degree[users].max()),
                **{metric: float(values[users].mean()) for metric, values in metrics.items()},
            }
    means = {metric: [segment[metric] for segment in found.values()] for metric in metrics}
    found["gap"] = {metric: max(values) - min(values) for metric, values in means.items()}
    return found
