"""The recall of an index, against a slow and obvious count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.results.index_recall import exact_top, recall_of_search


@given(st.data())
def test_recall_is_the_mean_share_of_common_ids(data: st.DataObject) -> None:
    users, k = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    ids = st.lists(st.integers(0, 9), min_size=4, max_size=4, unique=True)
    found, exact = (np.array([data.draw(ids) for _ in range(users)]) for _ in range(2))
    found[data.draw(st.integers(0, users - 1)), 3] = -1  # an index may find fewer
    shares = [
        len(set(ours[:k].tolist()) & set(theirs[:k].tolist())) / k
        for ours, theirs in zip(found, exact, strict=True)
    ]
    assert recall_of_search(found, exact, k) == pytest.approx(np.mean(shares))


def test_a_perfect_search_has_recall_1_and_a_wrong_one_0() -> None:
    exact = np.array([[3, 1], [0, 2]])
    assert recall_of_search(exact[:, ::-1], exact, 2) == 1
    assert recall_of_search(np.array([[4, 2], [1, 3]]), exact, 2) == 0
    # The ids of one user do not count for another.
    assert recall_of_search(exact[::-1], exact, 2) == 0


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_exact_search_finds_the_largest_products(items: int, users: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    user, item = (generator.normal(size=(n, 3)).astype(np.float32) for n in (users, items))
    k = max(1, items // 2)
    best = np.argsort(-(user @ item.T), axis=1)[:, :k]
    np.testing.assert_array_equal(exact_top(user, item, k), best)
