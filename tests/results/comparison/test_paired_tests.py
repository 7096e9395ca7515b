"""Tests of a pair: against scipy, against brute force, and their rate of false positives."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

from graphrec_cli.results.comparison.bootstrap import percentile_interval, resampled_sums
from graphrec_cli.results.comparison.paired_tests import (
    holm,
    no_worse_p,
    randomisation_p,
    wilcoxon_p,
)

EIGHTHS = st.integers(0, 20).map(lambda number: number / 8)
"""Their sums are exact, so that equal ones are equal for scipy as well."""
FEW_USERS = st.integers(2, 8).flatmap(
    lambda users: arrays(np.float64, (users, 3, 2), elements=EIGHTHS)
)
PAIRS = [(0, 1), (0, 2), (1, 2)]


def mean_difference(a: NDArray[np.float64], b: NDArray[np.float64], axis: int) -> Any:
    return np.mean(a - b, axis=axis)


@settings(max_examples=30)
@given(FEW_USERS)
def test_all_swaps_of_a_few_users_give_the_p_of_scipy(values: NDArray[np.float64]) -> None:
    found = randomisation_p(values, PAIRS, resamples=2**8, seed=0)
    firsts, seconds = (values[:, list(side)] for side in zip(*PAIRS, strict=True))
    theirs = stats.permutation_test(
        (firsts, seconds),
        mean_difference,
        permutation_type="samples",
        n_resamples=2**8,
        vectorized=True,
    ).pvalue
    assert found == pytest.approx(theirs)


def test_three_users_by_hand() -> None:
    """Of the eight swaps of 3, 2 and -1, those with a sum of 4 or more are +-6 and +-4."""
    values = np.array([[3.0, 0], [2, 0], [0, 1]])[..., None]
    assert randomisation_p(values, [(0, 1)], resamples=8, seed=0).item() == 4 / 8


def test_drawn_swaps_come_close_to_all_of_them() -> None:
    values = np.random.default_rng(1).normal(size=(14, 2, 5))
    values[:, 0] += 0.3
    exact = randomisation_p(values, [(0, 1)], resamples=2**14, seed=0)
    drawn = randomisation_p(values, [(0, 1)], resamples=2**14 - 1, seed=3)
    error = np.sqrt(exact * (1 - exact) / 2**14)
    assert (np.abs(drawn - exact) < 4 * error + 2**-14).all()
    assert (exact != drawn).any()


@given(st.integers(1, 3000), st.integers(0, 4))
def test_chunks_of_swaps_change_nothing(at_once: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 3, size=(40, 3, 2)) / 2
    whole = randomisation_p(values, PAIRS, resamples=70, seed=seed)
    parts = randomisation_p(values, PAIRS, resamples=70, seed=seed, signs_at_once=at_once)
    assert np.array_equal(whole, parts)


@given(st.integers(0, 9), st.sampled_from([0.1, 0.9]))
def test_other_entries_and_metrics_change_no_p(seed: int, equal: float) -> None:
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 4, size=(40, 3, 2)) / 8
    values[generator.random(40) < equal, :, 0] = 0.5
    together = randomisation_p(values, PAIRS, resamples=70, seed=3)
    for row, (one, other) in enumerate(PAIRS):
        for metric in range(2):
            alone = values[:, [one, other], metric : metric + 1]
            found = randomisation_p(alone, [(0, 1)], resamples=70, seed=3)
            assert found.item() == together[row, metric]


def test_the_smallest_p_is_that_of_the_number_of_swaps() -> None:
    values = np.stack([np.ones(100), np.zeros(100)], axis=1)[..., None]
    assert randomisation_p(values, [(0, 1)], resamples=999, seed=0).item() == 1 / 1000


@settings(max_examples=20)
@given(arrays(np.float64, (30, 3, 2), elements=EIGHTHS))
def test_wilcoxon_is_that_of_scipy(values: NDArray[np.float64]) -> None:
    found = wilcoxon_p(values, PAIRS)
    for row, (first, second) in enumerate(PAIRS):
        for metric in range(2):
            difference = values[:, first, metric] - values[:, second, metric]
            expected = stats.wilcoxon(difference).pvalue if difference.any() else 1.0
            assert found[row, metric] == pytest.approx(expected)


def test_entries_that_are_equal_do_not_differ() -> None:
    values = np.repeat(np.random.default_rng(0).random((20, 1, 1)), 2, axis=1)
    assert randomisation_p(values, [(0, 1)], resamples=500, seed=0).item() == 1
    assert wilcoxon_p(values, [(0, 1)]).item() == 1


def same_twice(data_sets: int) -> NDArray[np.float64]:
    """Users drawn from a population, with two values each that nothing tells apart.

    Shape (users, 2, data sets).
    """
    generator = np.random.default_rng(11)
    population = generator.beta(0.7, 2, size=(5000, 2)) * (generator.random((5000, 2)) < 0.5)
    users = population[generator.integers(0, len(population), size=(120, data_sets))]
    swapped = generator.random((120, data_sets, 1)) < 0.5
    return np.where(swapped, users[..., ::-1], users).transpose(0, 2, 1)


def test_five_percent_of_comparisons_of_the_same_are_false_positives() -> None:
    data_sets = 1500
    values = same_twice(data_sets)
    means = resampled_sums(values[:, 0] - values[:, 1], resamples=1000, seed=3)
    low, high = percentile_interval(means, 0.95)
    positives = {
        "randomisation": randomisation_p(values, [(0, 1)], resamples=999, seed=5)[0] <= 0.05,
        "wilcoxon": wilcoxon_p(values, [(0, 1)])[0] <= 0.05,
        "interval": (low > 0) | (high < 0),
    }
    for name, found in positives.items():
        # The percentile interval of 120 users is a little short.
        most = 0.06 if name == "interval" else 0.05
        least = stats.binom.ppf(0.0005, data_sets, 0.05)
        assert least <= found.sum() <= stats.binom.ppf(0.9995, data_sets, most), name


def test_holm_by_hand() -> None:
    """The smallest of four counts four times, the next three times, and none may be smaller."""
    p = np.array([0.01, 0.04, 0.03, 0.005])[:, None]
    assert holm(p)[:, 0] == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(arrays(np.float64, st.tuples(st.integers(1, 8), st.just(2)), elements=st.floats(0, 1)))
def test_holm_rejects_what_its_steps_reject(p: NDArray[np.float64]) -> None:
    adjusted = holm(p)
    for family, level in itertools.product(range(2), (0.01, 0.05, 0.3, 0.9)):
        column = p[:, family]
        rejected = set()
        for step, test in enumerate(np.argsort(column, kind="stable")):
            if column[test] * (len(column) - step) > level:
                break
            rejected.add(int(test))
        assert set(np.flatnonzero(adjusted[:, family] <= level).tolist()) == rejected


@given(
    arrays(np.float64, st.integers(3, 40), elements=st.floats(-1, 1)).filter(
        lambda values: np.std(values) > 1e-6
    ),
    st.floats(0.001, 1),
)
def test_no_worse_is_the_one_sided_t_test_of_scipy(
    difference: NDArray[np.float64], margin: float
) -> None:
    p, low, high = no_worse_p(difference, margin, 0.05)
    assert p == pytest.approx(
        stats.ttest_1samp(difference, margin, alternative="less").pvalue, abs=1e-12
    )
    interval = stats.ttest_1samp(difference, 0).confidence_interval(0.9)
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert (p < 0.05) == (high < margin) or abs(p - 0.05) < 1e-9
    # Both one-sided tests together have the larger p of the two.
    above = stats.ttest_1samp(difference, -margin, alternative="greater").pvalue
    if difference.mean() >= 0:
        assert max(p, above) == pytest.approx(p)


def test_the_same_difference_for_all_users_is_certain() -> None:
    assert no_worse_p(np.full(5, 0.25), 0.5, 0.05) == (0.0, 0.25, 0.25)
    assert no_worse_p(np.full(5, 0.75), 0.5, 0.05) == (1.0, 0.75, 0.75)
