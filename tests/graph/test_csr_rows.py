from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.graph.csr_rows import take_rows


@given(
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    picks=st.lists(st.integers(0, 5), max_size=8),
    dtype=st.sampled_from([torch.int32, torch.int64]),
)
def test_rows_are_taken_in_order_and_as_often_as_named(
    lengths: list[int], picks: list[int], dtype: torch.dtype
) -> None:
    rows = [pick % len(lengths) for pick in picks]
    pointers = np.concatenate([[0], np.cumsum(lengths)])
    taken, entries = take_rows(
        torch.tensor(pointers.tolist(), dtype=dtype), torch.tensor(rows, dtype=torch.int64)
    )
    expected = [list(range(pointers[row], pointers[row + 1])) for row in rows]
    assert entries.tolist() == [entry for each in expected for entry in each]
    assert taken.diff().tolist() == [len(each) for each in expected]
    assert taken.dtype is entries.dtype is dtype


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError):
        take_rows(torch.tensor([0, 1, 2]), torch.tensor([2]))
