"""Thirds of users by activity, and how far they are apart."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec_cli.evaluation.user_activity import by_activity


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
    assert found["head"]["users"] == 5
    assert set(found) == {"head", "gap"}
    assert found["gap"] == {"mrr": 0.0}
