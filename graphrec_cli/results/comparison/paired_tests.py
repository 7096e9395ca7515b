"""Tests of the mean difference between two entries, user by user."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SIGNS_AT_ONCE = 2**22
"""Signs, or differences of pairs, that are held at a time."""
_DECIMALS = 10
_ROUNDING = 1e-12
"""Share of the summed magnitudes below which two sums are equal."""


def randomisation_p(
    values: NDArray[np.float64],
    pairs: Sequence[tuple[int, int]],
    *,
    resamples: int,
    seed: int,
    signs_at_once: int = _SIGNS_AT_ONCE,
) -> NDArray[np.float64]:
    """Two-sided p of the paired randomisation test of the mean difference.

    Under the null hypothesis the two values of a user may be swapped. p is the share of swaps whose
    mean difference is at least as large as the one seen, in absolute value (Fisher's test, as
    Smucker, Allan and Carterette, CIKM 2007, use it). All swaps of the users who differ are tried
    where there are no more than ``resamples`` of them; otherwise they are drawn, and p is (count +
    1) / (resamples + 1) (Phipson and Smyth, 2010). Other pairs and metrics change no p.

    Args:
        values: shape (users, entries, metrics).
        pairs: two entries each.
        resamples: number of swaps that are drawn.
        seed: random seed of the draws.
        signs_at_once: bound on memory; it changes no draw.

    Returns:
        p, shape (pairs, metrics).
    """
    all_users, entries, metrics = values.shape
    # A user for whom all entries are equal changes no sum; with a small cut-off most are such.
    values = values - values[:, :1]
    kept = np.flatnonzero((values != 0).any(axis=(1, 2)))
    values = values[kept]
    first, second = (np.array(side, dtype=np.intp) for side in zip(*pairs, strict=True))
    columns = values.reshape(len(kept), entries * metrics)
    magnitude = np.abs(values).sum(axis=0)
    tolerance = _ROUNDING * (magnitude[first] + magnitude[second])
    total = values.sum(axis=0)
    seen = np.abs(total[first] - total[second]) - tolerance

    generator = np.random.default_rng(seed)
    count = np.zeros(seen.shape, dtype=np.int64)
    at_once = max(1, signs_at_once // max(all_users, len(pairs) * metrics))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        # Drawn for all users, so that a pair's p does not depend on other entries and metrics.
        bits = _random_bits(generator, rows, all_users)[:, kept]
        sums = ((1 - 2.0 * bits) @ columns).reshape(rows, entries, metrics)
        count += (np.abs(sums[:, first] - sums[:, second]) >= seen).sum(axis=0)
    p = (count + 1) / (resamples + 1)

    for row, (one, other) in enumerate(pairs):
        difference = values[:, one] - values[:, other]
        few = np.count_nonzero(difference, axis=0) <= math.log2(resamples)
        for metric in np.flatnonzero(few):
            p[row, metric] = _exact_p(difference[:, metric])
    return p


def _exact_p(difference: NDArray[np.float64]) -> float:
    """The share of all swaps whose sum is at least as large, for a few users who differ."""
    difference = difference[difference != 0]
    swaps = np.arange(2 ** len(difference))[:, None] >> np.arange(len(difference)) & 1
    seen = abs(difference.sum()) - _ROUNDING * np.abs(difference).sum()
    return float((np.abs((1 - 2.0 * swaps) @ difference) >= seen).mean())


def wilcoxon_p(
    values: NDArray[np.float64], pairs: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Two-sided p of Wilcoxon's signed-rank test, as scipy computes it, without users with a tie.

    Args:
        values: shape (users, entries, metrics).
        pairs: two entries each.

    Returns:
        p, shape (pairs, metrics); 1 where no user differs.
    """
    from scipy.stats import wilcoxon  # takes seconds to import

    p = np.ones((len(pairs), values.shape[2]))
    for row, (first, second) in enumerate(pairs):
        # Equal differences are tied, whatever their last bits.
        difference = (values[:, first] - values[:, second]).round(_DECIMALS)
        for metric in np.flatnonzero(difference.any(axis=0)):
            p[row, metric] = wilcoxon(difference[:, metric], zero_method="wilcox").pvalue
    return p


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust the p-values of a family (Holm, Scandinavian Journal of Statistics, 1979).

    Args:
        p: shape (tests, families); each column is a family.

    Returns:
        The smallest level of the family at which each test is rejected, of the same shape.
    """
    tests = len(p)
    order = np.argsort(p, axis=0)
    factors = np.arange(tests, 0, -1)[:, None]
    ascending = np.maximum.accumulate(np.take_along_axis(p, order, axis=0) * factors, axis=0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, np.minimum(ascending, 1.0), axis=0)
    return adjusted


def no_worse_p(
    difference: NDArray[np.float64], margin: float, alpha: float
) -> tuple[float, float, float]:
    """Test that a mean difference is below a margin, with Student's paired t test.

    The null hypothesis is that the mean is at least ``margin``. Where the mean seen is not
    negative, p is also that of both one-sided tests together, of a mean between -margin and margin
    (Schuirmann, 1987).

    Args:
        difference: of the better entry from the other, shape (users,).
        margin: above 0.
        alpha: level of the test.

    Returns:
        p, and the interval of the mean at 1 - 2 alpha: the null hypothesis is rejected exactly if
        its upper end is below the margin.
    """
    from scipy.special import stdtr, stdtrit  # takes a tenth of a second to import

    users = len(difference)
    mean = float(difference.mean())
    error = float(difference.std(ddof=1)) / math.sqrt(users)
    if error == 0:
        return float(mean >= margin), mean, mean
    reach = float(stdtrit(users - 1, 1 - alpha)) * error
    return float(stdtr(users - 1, (mean - margin) / error)), mean - reach, mean + reach


def _random_bits(generator: np.random.Generator, rows: int, users: int) -> NDArray[np.uint8]:
    # The generator gives four bytes at a time. Rows that begin with fresh ones do not depend on how
    # many are drawn at once.
    width = 4 * -(-users // 32)
    packed = np.frombuffer(generator.bytes(rows * width), np.uint8).reshape(rows, width)
    return np.unpackbits(packed, axis=1, count=users)
