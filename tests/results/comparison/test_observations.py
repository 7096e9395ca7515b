"""Values of users, and pairs by segments, against loops over both."""

from __future__ import annotations

import numpy as np
import pytest
from comparisons import NUM_ITEMS, split_ranks
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.evaluation.metrics import MISS
from graphrec_cli.evaluation.segments import thirds
from graphrec_cli.results.comparison.observations import Observations, SplitRanks, observe

METRICS, CUTOFFS = ["recall@5", "hit@10", "mrr"], [5, 10]


def observed(*splits: SplitRanks) -> Observations:
    return observe(list(splits), METRICS, CUTOFFS, MapDenominator.min)


@given(st.integers(0, 30))
def test_values_and_pairs_of_users(seed: int) -> None:
    split = split_ranks([2, 1], seed)
    found = observed(split)
    degree = np.bincount(split.train.item_index, minlength=NUM_ITEMS)
    segment = thirds(degree, degree)
    for user in range(40):
        own = np.flatnonzero(split.user_index == user)
        counts = np.bincount(segment[split.item_index[own]], minlength=3)
        assert found.pairs[user].tolist() == counts.tolist()
        assert found.activity[user] == split.train.user_degree[user]
        for entry, runs in enumerate(split.ranks):
            ranks = [rank[own].tolist() for rank in runs]
            expected = [
                np.mean([sum(place < 5 for place in own_ranks) / 2 for own_ranks in ranks]),
                np.mean([any(place < 10 for place in own_ranks) for own_ranks in ranks]),
                np.mean([0 if min(r) == MISS else 1 / (1 + min(r)) for r in ranks]),
            ]
            assert found.values[user, entry] == pytest.approx(expected, abs=1e-12)
            for place, k in enumerate(CUTOFFS):
                for number in range(3):
                    inside = own[segment[split.item_index[own]] == number]
                    hits = np.mean([(rank[inside] < k).sum() for rank in runs])
                    assert found.found[user, entry, place, number] == pytest.approx(hits)
    for entry, runs in enumerate(split.ranks):
        means = [[np.mean(rank < 5)] for rank in runs]
        assert found.run_means[entry][0][:, :1] == pytest.approx(np.array(means))
        both = np.concatenate(runs)
        assert found.missed[entry] == pytest.approx(np.mean(both == MISS))
        assert sorted(found.places[entry]) == sorted(both[both != MISS] + 1)


def test_users_of_two_splits_are_separate() -> None:
    one, other = split_ranks([2, 1], 1), split_ranks([1, 3], 2)
    both, first, second = observed(one, other), observed(one), observed(other)
    for name in ("values", "activity", "pairs", "found"):
        parts = [getattr(first, name), getattr(second, name)]
        assert np.array_equal(getattr(both, name), np.concatenate(parts))
    assert [len(runs) for runs in both.run_means[0]] == [2, 1]
    assert [len(runs) for runs in both.run_means[1]] == [1, 3]


def test_the_order_of_seeds_makes_no_difference_of_equal_users() -> None:
    """In floating point, 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1."""
    ranks = [[9, 19], [4, 29], [1, 2]]
    split = split_ranks([3, 3])
    size = len(split.user_index) // 2
    runs = [np.tile(np.array(rank, dtype=np.int64), size) for rank in ranks]
    found = observed(
        SplitRanks(
            train=split.train,
            user_index=split.user_index,
            item_index=split.item_index,
            ranks=[runs, runs[::-1]],
        )
    )
    assert np.array_equal(found.values[:, 0], found.values[:, 1])


def test_entries_in_another_order() -> None:
    split = split_ranks([1, 2, 3])
    turned = observed(split).in_order([2, 0, 1])
    expected = observed(
        SplitRanks(
            train=split.train,
            user_index=split.user_index,
            item_index=split.item_index,
            ranks=[split.ranks[2], split.ranks[0], split.ranks[1]],
        )
    )
    assert np.array_equal(turned.values, expected.values)
    assert np.array_equal(turned.found, expected.found)
    assert turned.missed == expected.missed
    assert [len(runs[0]) for runs in turned.run_means] == [3, 1, 2]
