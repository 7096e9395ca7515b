"""Numbers of users and seeds for a power of 80 %."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from graphrec_cli.results.comparison.needed import needed_seeds, needed_users


def test_the_formula_by_hand() -> None:
    """(1.95996 + 0.84162)^2 is 7.84888."""
    assert needed_users(0.1, 1.0) == 785
    assert needed_users(-0.1, 1.0) == 785
    assert needed_seeds(1.0, 1.0, 2.0) == 40
    assert needed_seeds(5.0, 1.0, 1.0) == 2


def test_nothing_is_needed_without_a_difference_or_seeds() -> None:
    assert needed_users(0.0, 1.0) is None
    assert needed_seeds(0.0, 1.0, 1.0) is None
    assert needed_seeds(0.5, None, 1.0) is None
    assert needed_seeds(0.5, 1.0, None) is None


@pytest.mark.parametrize("sd", [2.0, 4.0])
def test_as_many_users_find_the_difference_in_four_of_five_trials(sd: float) -> None:
    trials = 3000
    users = needed_users(0.5, sd)
    assert users is not None
    differences = np.random.default_rng(2).normal(0.5, sd, size=(trials, users))
    found = np.count_nonzero(stats.ttest_1samp(differences, 0, axis=1).pvalue < 0.05)
    assert abs(found - 0.8 * trials) < 3.5 * np.sqrt(trials * 0.8 * 0.2)


def test_as_many_seeds_find_the_difference_in_four_of_five_trials() -> None:
    trials = 3000
    seeds = needed_seeds(0.5, 1.0, 2.0)
    assert seeds is not None
    generator = np.random.default_rng(4)
    ours = generator.normal(0.5, 1.0, size=(trials, seeds))
    theirs = generator.normal(0.0, 2.0, size=(trials, seeds))
    p = stats.ttest_ind(ours, theirs, axis=1, equal_var=False).pvalue
    assert abs(np.count_nonzero(p < 0.05) - 0.8 * trials) < 3.5 * np.sqrt(trials * 0.8 * 0.2)
