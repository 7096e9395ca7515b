from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.metrics import MISS, per_user_metrics, ranking_metrics

# User 4 has two held-out items, user 7 one, and user 9 three, one of which is a miss.
USERS = np.array([9, 4, 7, 9, 4, 9], dtype=np.int32)
RANKS = np.array([2, 3, 5, 1, 0, MISS], dtype=np.int64)


def test_hand_computed_users() -> None:
    users, got = per_user_metrics(USERS, RANKS, ks=[2, 4], map_denominator=MapDenominator.min)
    assert users.tolist() == [4, 7, 9]
    # Discounts 1/log2(rank + 2): 1, 0.630930, 0.5, 0.430677; ideal: 1, 1.630930, 2.130930.
    expected = {
        "hit@2": [1, 0, 1],
        "recall@2": [1 / 2, 0, 1 / 3],
        "precision@2": [1 / 2, 0, 1 / 2],
        "ndcg@2": [0.613147, 0, 0.386853],  # 1 / 1.630930 and 0.630930 / 1.630930
        "map@2": [1 / 2, 0, 1 / 4],  # (1/1) / 2 and (1/2) / 2
        "hit@4": [1, 0, 1],
        "recall@4": [1, 0, 2 / 3],
        "precision@4": [1 / 2, 0, 1 / 2],
        "ndcg@4": [0.877215, 0, 0.530721],  # 1.430677 / 1.630930 and 1.130930 / 2.130930
        "map@4": [3 / 4, 0, 7 / 18],  # (1/1 + 2/4) / 2 and (1/2 + 2/3) / 3
        "mrr": [1, 1 / 6, 1 / 2],
    }
    assert got.keys() == expected.keys()
    for name, values in expected.items():
        assert got[name].tolist() == pytest.approx(values, abs=1e-6), name


def test_hand_computed_means() -> None:
    got = ranking_metrics(USERS, RANKS, ks=[2, 4], map_denominator=MapDenominator.min)
    expected = {
        "hit@2": 2 / 3,
        "recall@2": 5 / 18,
        "precision@2": 1 / 3,
        "ndcg@2": 1 / 3,
        "map@2": 1 / 4,
        "hit@4": 2 / 3,
        "recall@4": 5 / 9,
        "precision@4": 1 / 3,
        "ndcg@4": 0.469312,
        "map@4": 41 / 108,
        "mrr": 5 / 9,
    }
    assert got == pytest.approx(expected, abs=1e-6)


def test_map_over_all_held_out() -> None:
    got = ranking_metrics(USERS, RANKS, ks=[2], map_denominator=MapDenominator.held_out)
    assert got["map@2"] == pytest.approx((1 / 2 + 0 + (1 / 2) / 3) / 3)


def slow_metrics(ranks: list[int], k: int, denominator: MapDenominator) -> dict[str, float]:
    """Metrics of one user, computed by a loop over the first k places."""
    relevant = [place in ranks for place in range(k)]
    gain = sum(1 / math.log2(place + 2) for place in range(k) if relevant[place])
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(ranks), k)))
    precisions = [sum(relevant[: n + 1]) / (n + 1) for n in range(k) if relevant[n]]
    over = min(len(ranks), k) if denominator is MapDenominator.min else len(ranks)
    return {
        f"hit@{k}": float(any(relevant)),
        f"recall@{k}": sum(relevant) / len(ranks),
        f"precision@{k}": sum(relevant) / k,
        f"ndcg@{k}": gain / ideal,
        f"map@{k}": sum(precisions) / over,
        "mrr": 0.0 if min(ranks) == MISS else 1 / (1 + min(ranks)),
    }


@given(
    users=st.lists(
        st.tuples(st.sets(st.integers(0, 30), max_size=8), st.integers(0, 2)).filter(
            lambda user: bool(user[0]) or user[1] > 0
        ),
        min_size=1,
        max_size=6,
    ),
    k=st.integers(1, 12),
    denominator=st.sampled_from(MapDenominator),
    seed=st.integers(0, 99),
)
def test_agrees_with_a_loop_over_the_list(
    users: list[tuple[set[int], int]], k: int, denominator: MapDenominator, seed: int
) -> None:
    lists = [[*found, *[MISS] * misses] for found, misses in users]
    owner = np.repeat(np.arange(len(lists)), [len(ranks) for ranks in lists])
    rank = np.array([rank for ranks in lists for rank in ranks], dtype=np.int64)
    shuffle = np.random.default_rng(seed).permutation(len(rank))
    _, got = per_user_metrics(owner[shuffle], rank[shuffle], ks=[k], map_denominator=denominator)
    for row, ranks in enumerate(lists):
        expected = slow_metrics(ranks, k, denominator)
        assert {name: float(values[row]) for name, values in got.items()} == pytest.approx(expected)


@pytest.mark.parametrize("held_out", [1, 3, 20])
def test_a_perfect_ranking_gets_exactly_one(held_out: int) -> None:
    users: NDArray[np.int32] = np.repeat(np.arange(5, dtype=np.int32), held_out)
    rank = np.tile(np.arange(held_out), 5)
    got = ranking_metrics(users, rank, ks=[10, 20], map_denominator=MapDenominator.min)
    for k in (10, 20):
        assert got[f"hit@{k}"] == got[f"ndcg@{k}"] == got[f"map@{k}"] == 1.0
        assert got[f"recall@{k}"] == min(k / held_out, 1.0)
        assert got[f"precision@{k}"] == min(held_out / k, 1.0)
    assert got["mrr"] == 1.0


def test_misses_alone_get_zero() -> None:
    users = np.array([0, 0, 1], dtype=np.int32)
    rank = np.full(3, MISS, dtype=np.int64)
    got = ranking_metrics(users, rank, ks=[10], map_denominator=MapDenominator.min)
    assert set(got.values()) == {0.0}


def test_no_pair_is_refused() -> None:
    empty = np.empty(0, dtype=np.int64)
    with pytest.raises(DataError, match="no held-out item can be ranked"):
        ranking_metrics(empty, empty, ks=[10], map_denominator=MapDenominator.min)
