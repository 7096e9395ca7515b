"""Blocks of rows against numpy on all rows at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data import row_blocks
from graphrec_cli.data.row_blocks import count_codes, pair_order, user_blocks

NUM_USERS, NUM_ITEMS = 9, 7
USERS = st.lists(st.integers(0, NUM_USERS - 1), max_size=40)
BLOCK_ROWS = st.sampled_from([1, 2, 5, 100])


@given(users=USERS, block_rows=BLOCK_ROWS)
def test_blocks_hold_every_row_once_with_all_rows_of_its_user(
    users: list[int], block_rows: int
) -> None:
    user = np.array(users, dtype=np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "BLOCK_ROWS", block_rows)
        blocks = list(user_blocks(user, NUM_USERS))
    assert sorted(np.concatenate([*blocks, np.empty(0, np.int64)])) == list(range(len(user)))
    assert all((np.diff(block) > 0).all() for block in blocks)
    of_blocks = [set(user[block].tolist()) for block in blocks]
    for before, after in pairwise(of_blocks):
        assert max(before) < min(after)
    largest = np.bincount(user, minlength=1).max()
    assert all(len(block) <= block_rows + largest for block in blocks)


@given(users=USERS, block_rows=BLOCK_ROWS, seed=st.integers(0, 9))
def test_counts_are_those_of_all_rows(users: list[int], block_rows: int, seed: int) -> None:
    user = np.array(users, dtype=np.int32)
    counted = np.random.default_rng(seed).random(len(user)) < 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "BLOCK_ROWS", block_rows)
        counts, some = count_codes(user, NUM_USERS), count_codes(user, NUM_USERS, counted)
    assert counts.tolist() == [users.count(number) for number in range(NUM_USERS)]
    assert some.tolist() == np.bincount(user[counted], minlength=NUM_USERS).tolist()


@given(
    pairs=st.lists(
        st.tuples(st.integers(0, NUM_USERS - 1), st.integers(0, NUM_ITEMS - 1)), unique=True
    ),
    block_rows=BLOCK_ROWS,
)
def test_pairs_are_ordered_by_user_then_item(pairs: list[tuple[int, int]], block_rows: int) -> None:
    user, item = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_blocks, "BLOCK_ROWS", block_rows)
        order = pair_order(user, item, num_users=NUM_USERS, num_items=NUM_ITEMS)
    assert [pairs[row] for row in order] == sorted(pairs)
