"""Resample users, and read percentile intervals off the resampled figures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DRAWS_AT_ONCE = 2**22
"""Users that are drawn at a time; some 100 MB."""


def resampled_sums(
    columns: NDArray[np.float64],
    *,
    resamples: int,
    seed: int,
    draws_at_once: int = _DRAWS_AT_ONCE,
) -> NDArray[np.float64]:
    """Sum columns over users that are drawn with replacement.

    A resample draws as many users as there are, and all columns share the draw: the difference of
    two sums is thus that of one set of users, as the paired bootstrap needs it (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6 and 13).

    Args:
        columns: shape (users, columns).
        resamples: number of resamples.
        seed: random seed of the draws.
        draws_at_once: bound on memory; it changes no draw.

    Returns:
        The sum of every column in every resample, shape (resamples, columns).
    """
    users = len(columns)
    generator = np.random.default_rng(seed)
    sums = np.empty((resamples, columns.shape[1]))
    at_once = max(1, draws_at_once // users)
    for first in range(0, resamples, at_once):
        rows = min(at_once, resamples - first)
        drawn = generator.integers(0, users, size=(rows, users), dtype=np.int32)
        drawn += np.arange(rows, dtype=np.int32)[:, None] * users
        counts = np.bincount(drawn.ravel(), minlength=rows * users).reshape(rows, users)
        sums[first : first + rows] = counts.astype(np.float64) @ columns
    return sums


def percentile_interval(
    resampled: NDArray[np.float64], confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The percentile interval of every figure.

    Args:
        resampled: a figure in every resample, shape (resamples, ...); NaN where a resample drew no
            user that the figure is about, which is left out.
        confidence: such as 0.95.

    Returns:
        The lower and the upper ends, each of shape (...).
    """
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    quantile = np.nanquantile if np.isnan(resampled).any() else np.quantile
    low, high = quantile(resampled, ends, axis=0)
    return low, high
