"""Distinct values equal those of a set."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.distinct import distinct


@given(st.lists(st.integers(-3, 3)))
def test_of_whole_numbers(numbers: list[int]) -> None:
    found = distinct(np.array(numbers, dtype=np.int64))
    assert found.dtype == np.int64
    assert found.tolist() == sorted(set(numbers))


def test_nan_is_one_value() -> None:
    np.testing.assert_array_equal(distinct(np.array([np.nan, 2.0, np.nan, 1.0])), [1, 2, np.nan])


def test_of_texts() -> None:
    assert distinct(np.array(["b", "a", "b"])).tolist() == ["a", "b"]
