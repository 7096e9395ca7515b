"""A split's own checks and hash, and how it is built from pairs with a part."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split
from graphrec_cli.errors import DataError

Pairs = list[tuple[int, int]]


def part_of(pairs: Pairs, num_users: int = 2, num_items: int = 3) -> UserItems:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return UserItems.from_pairs(table[:, 0], table[:, 1], num_users=num_users, num_items=num_items)


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 6), st.integers(0, 11)),
        st.sampled_from([TRAIN, VALID, TEST]),
        min_size=1,
        max_size=40,
    )
)
def test_what_falls_out_is_counted(
    interactions_of: Callable[..., Interactions],
    pairs_of: Callable[[UserItems | None], Pairs],
    part: dict[tuple[int, int], int],
) -> None:
    train, valid, test = (
        sorted(pair for pair, number in part.items() if number == wanted)
        for wanted in (TRAIN, VALID, TEST)
    )
    funnel = Funnel(len(part))

    def assemble() -> Split:
        return assemble_split(
            interactions_of(list(part)),
            np.array(list(part.values()), dtype=np.int8),
            has_valid=True,
            advice="hold out more",
            funnel=funnel,
        )

    if not (valid and test):
        with pytest.raises(DataError, match=r"none of the \d+ pairs for (test|valid); hold out"):
            assemble()
        return
    split = assemble()

    assert pairs_of(split.train) == train
    assert pairs_of(split.valid) == valid
    assert pairs_of(split.test) == test
    train_users, train_items = {user for user, _ in train}, {item for _, item in train}
    held_users = {user for user, _ in valid + test}
    held_items = {item for _, item in valid + test}

    def lost(pairs: Pairs) -> int:
        return sum(user not in train_users or item not in train_items for user, item in pairs)

    assert funnel.to_dict()["notes"] == {
        "users_only_in_train": len(train_users - held_users),
        "users_without_train": len(held_users - train_users),
        "items_without_train": len(held_items - train_items),
        "pairs_train": len(train),
        "pairs_valid": len(valid),
        "pairs_valid_without_train": lost(valid),
        "pairs_test": len(test),
        "pairs_test_without_train": lost(test),
    }
    assert funnel.rows_left == len(part)


def test_without_a_valid_part_none_is_needed(interactions_of: Callable[..., Interactions]) -> None:
    interactions = interactions_of([(0, 0), (0, 1)])
    part = np.array([TRAIN, TEST], dtype=np.int8)
    funnel = Funnel(2)
    split = assemble_split(interactions, part, has_valid=False, advice="", funnel=funnel)
    assert split.valid is None
    assert split.users is interactions.users
    assert split.items is interactions.items


@pytest.mark.parametrize("part", [[TRAIN, TEST], [TEST, TEST]])
def test_refuses_a_pair_that_occurs_twice(
    interactions_of: Callable[..., Interactions], part: list[int]
) -> None:
    with pytest.raises(DataError, match="pair"):
        assemble_split(
            interactions_of([(1, 3), (1, 3)]),
            np.array(part, dtype=np.int8),
            has_valid=False,
            advice="",
            funnel=Funnel(2),
        )


def test_refuses_a_pair_in_two_parts() -> None:
    users, items = IdMap(np.arange(2)), IdMap(np.arange(3))
    train = part_of([(0, 0), (0, 1), (1, 2)])
    with pytest.raises(DataError, match="1 user-item pairs lie in two parts"):
        Split(train=train, valid=None, test=part_of([(0, 1)]), users=users, items=items)
    with pytest.raises(DataError, match="two parts"):
        Split(
            train=train,
            valid=part_of([(1, 0)]),
            test=part_of([(1, 0)]),
            users=users,
            items=items,
        )


def test_refuses_parts_of_unequal_shape() -> None:
    with pytest.raises(DataError, match="the test part has 2 users and 4 items"):
        Split(
            train=part_of([(0, 0)]),
            valid=None,
            test=part_of([(0, 1)], num_items=4),
            users=IdMap(np.arange(2)),
            items=IdMap(np.arange(3)),
        )


def make_split(
    train: Pairs,
    valid: Pairs | None,
    test: Pairs,
    users: NDArray[np.generic] | None = None,
    items: NDArray[np.generic] | None = None,
) -> Split:
    return Split(
        train=part_of(train),
        valid=None if valid is None else part_of(valid),
        test=part_of(test),
        users=IdMap(np.array([1, 2]) if users is None else users),
        items=IdMap(np.array([4, 5, 6]) if items is None else items),
    )


def test_the_hash_tells_different_splits_apart() -> None:
    splits = [
        make_split([(0, 0), (0, 1)], [(1, 1)], [(1, 2)]),
        make_split([(0, 0), (0, 2)], [(1, 1)], [(1, 2)]),
        make_split([(0, 0), (1, 1)], [(0, 1)], [(1, 2)]),
        make_split([(0, 0), (0, 1)], [(1, 2)], [(1, 1)]),
        make_split([(0, 0), (0, 1)], [], [(1, 1), (1, 2)]),
        make_split([(0, 0), (0, 1)], None, [(1, 1), (1, 2)]),
        make_split([(0, 0), (0, 1)], [(1, 1)], [(1, 2)], users=np.array([1, 3])),
        make_split([(0, 0), (0, 1)], [(1, 1)], [(1, 2)], users=np.array(["1,", "2"])),
        make_split([(0, 0), (0, 1)], [(1, 1)], [(1, 2)], items=np.array([4, 5, 7])),
    ]
    assert len({split.hash() for split in splits}) == len(splits)


@pytest.mark.parametrize("dtype", ["U1", "U40", "O"])
def test_the_hash_does_not_depend_on_how_ids_are_stored(dtype: str) -> None:
    parts: tuple[Pairs, Pairs, Pairs] = ([(0, 0), (0, 1)], [(1, 1)], [(1, 2)])
    as_text = make_split(*parts, users=np.array(["1", "2"]).astype(dtype))
    assert as_text.hash() == make_split(*parts).hash()
    assert len(as_text.hash()) == 64


@pytest.mark.parametrize("unrated", [False, True])
def test_ratings_go_with_the_pairs_where_every_pair_has_one(
    unrated: bool, interactions_of: Callable[..., Interactions]
) -> None:
    rating = [4.0, 1.0, 3.0, float("nan") if unrated else 2.0]
    interactions = interactions_of([(0, 3), (0, 1), (2, 5), (1, 1)], rating=rating)
    part = np.array([TRAIN, TRAIN, TEST, TRAIN], dtype=np.int8)
    split = assemble_split(interactions, part, has_valid=False, advice="", funnel=Funnel(4))
    if unrated:
        assert split.train.rating is None
        return
    assert split.train.rating is not None
    assert split.test.rating is not None
    assert split.train.rating.tolist() == [1.0, 4.0, 2.0]
    assert split.test.rating.tolist() == [3.0]
