from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError

NUM_USERS, NUM_ITEMS = 6, 9
PAIRS = st.lists(
    st.tuples(st.integers(0, NUM_USERS - 1), st.integers(0, NUM_ITEMS - 1)),
    unique=True,
    max_size=40,
)


def columns(pairs: list[tuple[int, int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    table = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@given(PAIRS)
def test_rows_hold_each_users_items_in_order(pairs: list[tuple[int, int]]) -> None:
    user_items = UserItems.from_pairs(*columns(pairs), num_users=NUM_USERS, num_items=NUM_ITEMS)
    assert user_items.num_users == NUM_USERS
    assert user_items.num_pairs == len(pairs)
    for user in range(NUM_USERS):
        row = user_items.item_index[user_items.indptr[user] : user_items.indptr[user + 1]]
        assert row.tolist() == sorted(item for owner, item in pairs if owner == user)
    stored = zip(user_items.user_index().tolist(), user_items.item_index.tolist(), strict=True)
    assert list(stored) == sorted(pairs)


@given(PAIRS)
def test_ratings_stay_with_their_pairs(pairs: list[tuple[int, int]]) -> None:
    rating = np.arange(len(pairs), dtype=np.float32)
    user_items = UserItems.from_pairs(
        *columns(pairs), num_users=NUM_USERS, num_items=NUM_ITEMS, rating=rating
    )
    assert user_items.rating is not None
    stored = zip(user_items.user_index().tolist(), user_items.item_index.tolist(), strict=True)
    assert dict(zip(stored, user_items.rating.tolist(), strict=True)) == {
        pair: float(number) for number, pair in enumerate(pairs)
    }


@given(PAIRS)
def test_degrees_count_pairs(pairs: list[tuple[int, int]]) -> None:
    user_items = UserItems.from_pairs(*columns(pairs), num_users=NUM_USERS, num_items=NUM_ITEMS)
    users, items = [user for user, _ in pairs], [item for _, item in pairs]
    assert user_items.user_degree.tolist() == [users.count(user) for user in range(NUM_USERS)]
    assert user_items.item_degree.tolist() == [items.count(item) for item in range(NUM_ITEMS)]


def test_a_table_without_columns_is_empty() -> None:
    user_items = UserItems.from_pairs(*columns([]), num_users=2, num_items=0)
    assert user_items.indptr.tolist() == [0, 0, 0]
    assert user_items.item_degree.tolist() == []


def test_refuses_a_pair_that_occurs_twice() -> None:
    with pytest.raises(DataError, match="twice"):
        UserItems.from_pairs(*columns([(1, 2), (0, 0), (1, 2)]), num_users=2, num_items=3)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((2, 0), "user index is outside 0..1"),
        ((-1, 0), "user index is outside 0..1"),
        ((0, 3), "item index is outside 0..2"),
        ((0, -1), "item index is outside 0..2"),
    ],
)
def test_refuses_an_index_outside_the_table(pair: tuple[int, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        UserItems.from_pairs(*columns([(0, 0), pair]), num_users=2, num_items=3)


def test_refuses_columns_of_different_length() -> None:
    with pytest.raises(DataError, match="1 user indices, but 2 item indices"):
        UserItems.from_pairs(np.array([0]), np.array([0, 1]), num_users=1, num_items=2)
