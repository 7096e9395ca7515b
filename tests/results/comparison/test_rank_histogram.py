"""Shares of pairs by rank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.results.comparison.rank_histogram import rank_histogram


def test_ranks_by_hand() -> None:
    found = rank_histogram(np.array([1, 2, 4, 9, 10, 19]), 0.25, 19)
    assert found["edges"] == [1, 2, 3, 5, 10, 20]
    assert found["shares"] == pytest.approx([0.125, 0.125, 0.125, 0.125, 0.25])
    assert found["missed"] == 0.25


@given(st.lists(st.integers(1, 3000), max_size=50), st.integers(0, 20), st.integers(3000, 5000))
def test_every_pair_is_in_one_bin(places: list[int], misses: int, num_items: int) -> None:
    if not places and not misses:
        return
    missed = misses / (len(places) + misses)
    found = rank_histogram(np.array(places, dtype=np.int64), missed, num_items)
    assert len(found["shares"]) == len(found["edges"]) - 1
    assert sum(found["shares"]) + missed == pytest.approx(1)
    assert found["edges"] == sorted(found["edges"])
    assert found["edges"][-1] > num_items
