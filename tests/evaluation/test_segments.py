"""Head, middle and tail."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.evaluation.segments import thirds

DEGREES = st.lists(st.integers(0, 12), min_size=1, max_size=40)


def test_users_by_hand() -> None:
    degree = np.array([1, 9, 4, 4, 7, 2])
    # Two of six above: the middle begins with the third.
    assert thirds(degree, np.ones(6, dtype=np.int64)).tolist() == [2, 0, 1, 1, 0, 2]


def test_equal_degrees_stay_together() -> None:
    degree = np.array([5, 5, 5, 5, 1, 1])
    assert thirds(degree, np.ones(6, dtype=np.int64)).tolist() == [0, 0, 0, 0, 2, 2]
    assert thirds(np.full(4, 3), np.full(4, 3)).tolist() == [0, 0, 0, 0]


def test_items_by_hand() -> None:
    """Of 12 interactions the first item has half, and the next ones begin beyond a third."""
    degree = np.array([6, 2, 2, 1, 1, 0])
    assert thirds(degree, degree).tolist() == [0, 1, 1, 2, 2, 2]


@given(DEGREES, st.booleans())
def test_a_segment_follows_from_the_weight_above(degrees: list[int], by_degree: bool) -> None:
    degree = np.array(degrees)
    weight = degree if by_degree else np.ones_like(degree)
    found = thirds(degree, weight)
    for own, segment in zip(degrees, found.tolist(), strict=True):
        above = sum(w for d, w in zip(degrees, weight.tolist(), strict=True) if d > own)
        total = int(weight.sum())
        assert segment == (3 * above >= total) + (3 * above >= 2 * total)
