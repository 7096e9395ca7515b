from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.rating_metrics import rating_metrics

Row = tuple[int, float, float]

HALVES = st.integers(1, 10).map(lambda half: half / 2)
ROWS = st.lists(st.tuples(st.integers(0, 5), HALVES, HALVES), min_size=1, max_size=40)


def key(row: Row) -> int:
    """An order of equal predictions that depends on the row and not on its position."""
    user, rating, _ = row
    return int(7 * user + 2 * rating) * 5 % 11


def keys(rows: list[Row]) -> NDArray[np.int64]:
    return np.array([key(row) for row in rows], dtype=np.int64)


def metrics(rows: list[Row], ks: list[int], threshold: float = 3.5) -> dict[str, float]:
    user, rating, prediction = (np.array(column) for column in zip(*rows, strict=True))
    return rating_metrics(
        user, rating, prediction, tie_order=keys(rows), ks=ks, threshold=threshold
    )


def by_brute_force(rows: list[Row], k: int, threshold: float) -> tuple[float, float]:
    """Precision and recall, user by user."""
    precisions, recalls = [], []
    for user in {user for user, _, _ in rows}:
        own = sorted((row for row in rows if row[0] == user), key=lambda row: (-row[2], key(row)))
        chosen = [rating for _, rating, prediction in own[:k] if prediction >= threshold]
        hits = sum(rating >= threshold for rating in chosen)
        relevant = sum(rating >= threshold for _, rating, _ in own)
        precisions.append(hits / len(chosen) if chosen else 0.0)
        recalls.append(hits / relevant if relevant else 0.0)
    return sum(precisions) / len(precisions), sum(recalls) / len(recalls)


def test_by_hand() -> None:
    # User 0's two highest predictions are 4.5 (rated 5) and 4 (rated 3): one of two recommended is
    # relevant, of two relevant in total. User 1 has no recommended and no relevant pair.
    rows = [(0, 5.0, 4.5), (0, 3.0, 4.0), (0, 4.0, 3.6), (1, 2.0, 3.0)]
    got = metrics(rows, [2, 3])
    assert got["precision@2"] == pytest.approx((1 / 2 + 0) / 2)
    assert got["recall@2"] == pytest.approx((1 / 2 + 0) / 2)
    assert got["precision@3"] == pytest.approx((2 / 3 + 0) / 2)
    assert got["recall@3"] == pytest.approx((2 / 2 + 0) / 2)
    # Errors -0.5, 1, -0.4 and 1.
    assert got["rmse"] == pytest.approx(math.sqrt((0.25 + 1 + 0.16 + 1) / 4))
    assert got["mae"] == pytest.approx(2.9 / 4)
    assert list(got) == ["rmse", "mae", "precision@2", "recall@2", "precision@3", "recall@3"]


@given(ROWS, st.integers(1, 6), HALVES)
def test_equals_brute_force(rows: list[Row], k: int, threshold: float) -> None:
    got = metrics(rows, [k], threshold)
    expected = by_brute_force(rows, k, threshold)
    assert (got[f"precision@{k}"], got[f"recall@{k}"]) == pytest.approx(expected)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[Row], random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert metrics(rows, [1, 3]) == pytest.approx(metrics(shuffled, [1, 3]))


@given(st.lists(HALVES, min_size=2, max_size=8), st.integers(1, 8))
def test_equal_predictions_come_in_the_order_given(ratings: list[float], k: int) -> None:
    user, rating = np.zeros(len(ratings), np.int64), np.array(ratings)
    for order in (np.arange(len(ratings)), np.arange(len(ratings))[::-1].copy()):
        got = rating_metrics(
            user, rating, np.full(len(ratings), 4.0), tie_order=order, ks=[k], threshold=3.5
        )
        first = rating[np.argsort(order)][:k]
        assert got[f"precision@{k}"] == pytest.approx((first >= 3.5).mean())


def test_no_pair_is_an_error() -> None:
    with pytest.raises(DataError, match="no held-out rating"):
        rating_metrics(
            np.empty(0, np.int64),
            np.empty(0),
            np.empty(0),
            tie_order=np.empty(0, np.int64),
            ks=[1],
            threshold=3.5,
        )
