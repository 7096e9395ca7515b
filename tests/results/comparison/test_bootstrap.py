"""Resampled sums and percentile intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphrec_cli.results.comparison.bootstrap import percentile_interval, resampled_sums


@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 200), st.integers(0, 5))
def test_chunks_change_nothing(users: int, resamples: int, at_once: int, seed: int) -> None:
    columns = np.random.default_rng(seed).integers(0, 9, size=(users, 3)).astype(float)
    whole = resampled_sums(columns, resamples=resamples, seed=seed)
    parts = resampled_sums(columns, resamples=resamples, seed=seed, draws_at_once=at_once)
    assert np.array_equal(whole, parts)


def test_a_sum_is_that_of_the_users_that_are_drawn() -> None:
    columns = np.random.default_rng(1).normal(size=(7, 2))
    drawn = np.random.default_rng(3).integers(0, 7, size=(50, 7), dtype=np.int32)
    expected = columns[drawn].sum(axis=1)
    assert resampled_sums(columns, resamples=50, seed=3) == pytest.approx(expected)


def test_each_resample_draws_as_many_users_as_there_are() -> None:
    columns = np.column_stack([np.ones(40), np.eye(40)])
    sums = resampled_sums(columns, resamples=4000, seed=0)
    assert (sums[:, 0] == 40).all()
    # A user is in a resample on average once, with the variance of a binomial.
    assert sums[:, 1:].mean() == pytest.approx(1)
    assert sums[:, 1:].var() == pytest.approx(1 - 1 / 40, abs=0.02)


def test_the_interval_is_that_of_scipy() -> None:
    generator = np.random.default_rng(5)
    values = generator.exponential(size=60) * (generator.random(60) < 0.4)
    low, high = percentile_interval(
        resampled_sums(values[:, None], resamples=20_000, seed=1) / 60, 0.9
    )
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=0.9,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    error = values.std() / np.sqrt(60)
    assert low[0] == pytest.approx(theirs.low, abs=0.06 * error)
    assert high[0] == pytest.approx(theirs.high, abs=0.06 * error)


def test_a_resample_without_a_user_of_the_figure_is_left_out() -> None:
    low, high = percentile_interval(np.array([[1.0], [np.nan], [2.0], [3.0]]), 0.5)
    assert (low[0], high[0]) == (1.5, 2.5)


def test_the_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    """Differences with many ties and a long tail, as users have them; each column is a data set."""
    generator = np.random.default_rng(7)
    users, data_sets = 300, 1500
    size = (users, data_sets)
    differs, sign = generator.random(size) < 0.3, np.where(generator.random(size) < 0.6, 1, -1)
    differences = differs * sign * generator.beta(0.6, 1.5, size=size)
    mean = 0.3 * 0.2 * (0.6 / 2.1)
    means = resampled_sums(differences, resamples=1000, seed=2) / users
    low, high = percentile_interval(means, 0.95)
    covered = int(((low <= mean) & (mean <= high)).sum())
    # A percentile interval of a few hundred users is a little short: 94 % are granted.
    least, most = stats.binom.ppf(0.0005, data_sets, 0.94), stats.binom.ppf(0.9995, data_sets, 0.95)
    assert least <= covered <= most
