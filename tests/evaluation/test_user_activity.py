"""Thirds of users by activity, and how far they are apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.evaluation.user_activity import activity_thirds, by_activity

DEGREES = st.lists(st.integers(1, 12), min_size=1, max_size=60)


def test_means_and_gaps_computed_by_hand() -> None:
    degree = np.array([9, 1, 2, 5, 9, 5])
    found = by_activity(degree, {"ndcg@5": np.array([0.5, 0.0, 0.2, 0.3, 0.1, 0.7])})
    assert found["tail"] == pytest.approx(
        {"users": 2, "train_least": 1, "train_most": 2, "ndcg@5": 0.1}
    )
    assert found["middle"] == pytest.approx(
        {"users": 2, "train_least": 5, "train_most": 5, "ndcg@5": 0.5}
    )
    assert found["head"] == pytest.approx(
        {"users": 2, "train_least": 9, "train_most": 9, "ndcg@5": 0.3}
    )
    assert found["gap"] == pytest.approx({"ndcg@5": 0.4})
    assert list(found) == ["head", "middle", "tail", "gap"]


def test_users_that_are_all_alike_are_one_third_without_a_gap() -> None:
    found = by_activity(np.full(5, 7), {"mrr": np.linspace(0, 1, 5)})
    assert found["middle"]["users"] == 5
    assert set(found) == {"middle", "gap"}
    assert found["gap"] == {"mrr": 0.0}


@given(DEGREES)
def test_thirds_follow_the_degree_and_keep_equal_users_together(degrees: list[int]) -> None:
    degree = np.array(degrees)
    third = activity_thirds(degree)
    assert ((third >= 0) & (third <= 2)).all()
    order = np.argsort(degree, kind="stable")
    assert (np.diff(third[order]) >= 0).all()
    for value in degrees:
        assert len(set(third[degree == value].tolist())) == 1
    # The middle one of the users of a degree is in its own third of all users.
    for value in degrees:
        places = np.flatnonzero(degree[order] == value)
        middle = (places[0] + places[-1] + 1) / 2
        assert int(3 * middle / len(degree)) == third[order][places[0]]


@given(st.integers(1, 50))
def test_without_ties_the_thirds_are_equally_large(thirds: int) -> None:
    degree = np.random.default_rng(thirds).permutation(3 * thirds) + 1
    assert np.bincount(activity_thirds(degree)).tolist() == [thirds] * 3
