"""Metrics of more and less active users, from arrays alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

SEGMENTS = ("tail", "middle", "head")
"""Thirds of the users, the least active first."""


def activity_thirds(degree: NDArray[np.int64]) -> NDArray[np.int64]:
    """The third of every user by activity, an index into ``SEGMENTS``; shape (users,).

    Users of the same degree are in the same third: that of the middle one of them. A third may be
    empty.

    Args:
        degree: train interactions of every user, shape (users,).
    """
    ascending = np.sort(degree)
    below, up_to = (np.searchsorted(ascending, degree, side) for side in ("left", "right"))
    return 3 * (below + up_to) // (2 * len(degree))


def by_activity(
    degree: NDArray[np.int64], metrics: Mapping[str, NDArray[np.float64]]
) -> dict[str, dict[str, float]]:
    """Means of metrics over each third of the users, and how far the thirds are apart.

    Args:
        degree: train interactions of every user, at least one user, shape (users,).
        metrics: values by metric, each of shape (users,).

    Returns:
        For ``head``, ``middle`` and ``tail``, unless empty, ``users``, the smallest and the largest
        degree (``train_least``, ``train_most``) and the metrics; for ``gap`` the difference of the
        best and the worst third in each metric.
    """
    third = activity_thirds(degree)
    found: dict[str, dict[str, float]] = {}
    for number, name in reversed(list(enumerate(SEGMENTS))):
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
