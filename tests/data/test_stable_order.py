"""The order is that of a stable sort for numbers of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.stable_order import stable_order


@given(st.lists(st.integers(0, 3)), st.sampled_from([1, 1 << 15, 1 << 16, (1 << 29) + 1]))
def test_equal_numbers_keep_their_order(small: list[int], factor: int) -> None:
    numbers = np.array(small, dtype=np.int64) * factor
    expected = sorted(range(len(numbers)), key=lambda place: numbers[place])
    assert stable_order(numbers).tolist() == expected


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("bound", [1, 1 << 16, (1 << 16) + 1, (1 << 31) - 1])
def test_of_many_numbers(dtype: type[np.integer], bound: int) -> None:
    numbers = np.random.default_rng(3).integers(0, bound, 5000).astype(dtype)
    numbers[-1] = bound - 1
    np.testing.assert_array_equal(stable_order(numbers), np.argsort(numbers, kind="stable"))


def test_of_the_widest_numbers() -> None:
    numbers = np.array([(1 << 63) - 1, 5, 1 << 48, 5, 0])
    assert stable_order(numbers).tolist() == [4, 1, 3, 2, 0]
