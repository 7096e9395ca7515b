"""Confidence interval of the mean difference between two runs, user by user."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean difference with its interval."""

    mean: float
    low: float
    high: float


def paired_interval(differences: NDArray[np.float64]) -> Interval:
    """The interval of Student's paired t test.

    It covers the choice of the users, not the seed of the training.

    Args:
        differences: one value for each user, shape (users,).
    """
    mean = float(differences.mean())
    if len(differences) < 2:
        return Interval(mean, -math.inf, math.inf)
    from scipy.special import stdtrit  # takes a tenth of a second to import

    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    reach = float(stdtrit(len(differences) - 1, (1 + CONFIDENCE) / 2)) * error
    return Interval(mean, mean - reach, mean + reach)
