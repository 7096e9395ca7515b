from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.samplers.unseen import UnseenItems, catalog_items


def from_table(has: NDArray[np.bool_]) -> UserItems:
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


def test_the_catalog_is_the_items_that_occur_in_train() -> None:
    train = UserItems.from_pairs(np.array([0, 1, 1]), np.array([4, 4, 1]), num_users=3, num_items=6)
    assert catalog_items(train).tolist() == [1, 4]


def test_an_empty_train_part_has_no_catalog() -> None:
    nothing = np.array([], dtype=np.int64)
    train = UserItems.from_pairs(nothing, nothing, num_users=2, num_items=2)
    with pytest.raises(DataError, match="no interaction"):
        catalog_items(train)


@given(
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)).flatmap(
        lambda has: st.tuples(st.just(has), hnp.arrays(np.bool_, has.shape[1]))
    )
)
def test_every_rank_finds_the_item_that_a_plain_list_gives(
    table: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    has, is_member = table
    unseen = UnseenItems(from_table(has), np.flatnonzero(is_member), CPU)
    lists = [np.flatnonzero(is_member & ~row).tolist() for row in has]
    assert unseen.num_unseen.tolist() == [len(items) for items in lists]
    assert unseen.num_unseen.dtype == torch.int64
    users = [user for user, items in enumerate(lists) for _ in items]
    order = [rank for items in lists for rank in range(len(items))]
    found = unseen.nth(
        torch.tensor(users, dtype=torch.int64), torch.tensor(order, dtype=torch.int64)
    )
    assert found.dtype == torch.int64
    assert found.tolist() == [item for items in lists for item in items]


def test_more_users_times_items_than_an_int32_can_count() -> None:
    size = 50_000
    seen = np.array([0, 1, 2, 40_000, size - 1])
    users = np.repeat([0, 3, size - 1], len(seen))
    train = UserItems.from_pairs(users, np.tile(seen, 3), num_users=size, num_items=size)
    unseen = UnseenItems(train, np.arange(size), CPU)
    expected = np.setdiff1d(np.arange(size), seen)
    order = torch.arange(len(expected))
    for user in (3, size - 1):
        assert unseen.num_unseen[user].item() == len(expected)
        found = unseen.nth(torch.full_like(order, user), order)
        np.testing.assert_array_equal(found.numpy(), expected)
    assert unseen.nth(torch.tensor([size - 2]), torch.tensor([size - 1])).item() == size - 1
