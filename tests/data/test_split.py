from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.split import Split, leave_one_out
from graphrec_cli.errors import DataError

Pairs = list[tuple[int, int]]
NUM_USERS, NUM_ITEMS = 7, 12
PAIRS = st.lists(
    st.tuples(st.integers(0, NUM_USERS - 1), st.integers(0, NUM_ITEMS - 1)),
    unique=True,
    min_size=1,
    max_size=60,
)


def make_interactions(
    pairs: Pairs, num_users: int = NUM_USERS, num_items: int = NUM_ITEMS
) -> Interactions:
    table = np.array(pairs, dtype=np.int32)
    return Interactions(
        user_index=table[:, 0],
        item_index=table[:, 1],
        rating=np.full(len(pairs), np.nan, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(len(pairs), dtype=np.int8),
        signal_names=("seen",),
        users=IdMap(np.arange(num_users) + 100),
        items=IdMap(np.arange(num_items) + 500),
    )


def split_pairs(
    pairs: Pairs, *, seed: int = 0, valid: int = 1, minimum: int = 3, funnel: Funnel | None = None
) -> Split:
    config = LeaveOneOutConfig(valid=valid, min_interactions=minimum)
    rng = np.random.default_rng(seed)
    account = Funnel(len(pairs)) if funnel is None else funnel
    return leave_one_out(make_interactions(pairs), config, rng=rng, funnel=account)


def pairs_of(part: UserItems | None) -> Pairs:
    if part is None:
        return []
    return list(zip(part.user_index().tolist(), part.item_index.tolist(), strict=True))


def part_of(pairs: Pairs, num_users: int = 2, num_items: int = 3) -> UserItems:
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return UserItems.from_pairs(table[:, 0], table[:, 1], num_users=num_users, num_items=num_items)


@given(PAIRS, st.integers(0, 1), st.integers(0, 3), st.integers(0, 2**32))
def test_one_of_each_user_with_enough_and_nothing_lost(
    pairs: Pairs, valid: int, extra: int, seed: int
) -> None:
    minimum = valid + 1 + extra
    degree = [sum(owner == user for owner, _ in pairs) for user in range(NUM_USERS)]
    tested = [user for user in range(NUM_USERS) if degree[user] >= minimum]
    if not tested:
        with pytest.raises(DataError, match=r"lower split\.min_interactions"):
            split_pairs(pairs, valid=valid, minimum=minimum, seed=seed)
        return
    funnel = Funnel(len(pairs))

    split = split_pairs(pairs, valid=valid, minimum=minimum, seed=seed, funnel=funnel)

    assert [user for user, _ in pairs_of(split.test)] == tested
    assert [user for user, _ in pairs_of(split.valid)] == (tested if valid else [])
    assert (split.valid is None) == (valid == 0)
    everything = pairs_of(split.train) + pairs_of(split.valid) + pairs_of(split.test)
    assert sorted(everything) == sorted(pairs)
    assert funnel.to_dict()["notes"] == {
        "users_only_in_train": sum(0 < count < minimum for count in degree),
        "users_without_train": sum(degree[user] == 1 + valid for user in tested),
        "pairs_train": split.train.num_pairs,
        "pairs_valid": valid * len(tested),
        "pairs_test": len(tested),
    }
    assert funnel.rows_left == len(pairs)


@given(PAIRS, st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_same_seed_same_split_whatever_the_row_order(
    pairs: Pairs, order: Random, seed: int
) -> None:
    shuffled = pairs.copy()
    order.shuffle(shuffled)
    first = split_pairs(pairs, seed=seed, valid=0, minimum=1)
    again = split_pairs(shuffled, seed=seed, valid=0, minimum=1)
    assert pairs_of(first.test) == pairs_of(again.test)
    assert first.hash() == again.hash()


def test_another_seed_gives_another_split() -> None:
    pairs = [(user, item) for user in range(NUM_USERS) for item in range(NUM_ITEMS)]
    assert len({split_pairs(pairs, seed=seed).hash() for seed in range(20)}) == 20


def chi_square(counts: NDArray[np.int64]) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2).sum() / expected)


def test_every_item_of_a_user_is_equally_likely_to_be_held_out() -> None:
    num_users, num_items = 20_000, 7
    users = np.repeat(np.arange(num_users), num_items)
    items = np.tile(np.arange(num_items), num_users)
    # Users of different length in between, so that no user's place in the table is regular.
    chosen = (users % 3 != 0) | (items < 4)
    interactions = make_interactions(
        list(zip(users[chosen].tolist(), items[chosen].tolist(), strict=True)),
        num_users,
        num_items,
    )
    split = leave_one_out(
        interactions, LeaveOneOutConfig(), rng=np.random.default_rng(3), funnel=Funnel(0)
    )
    assert split.valid is not None
    test, valid = split.test.item_index, split.valid.item_index
    full = np.arange(num_users) % 3 != 0
    # Bounds: the chi-square quantile at 1 - 1e-6 for the stated degrees of freedom.
    assert chi_square(np.bincount(test[full], minlength=7)) < 38.2  # 6
    assert chi_square(np.bincount(test[~full], minlength=4)) < 30.6  # 3
    joint = np.bincount(test[full] * 7 + valid[full], minlength=49).reshape(7, 7)
    assert np.diagonal(joint).sum() == 0
    assert chi_square(joint[~np.eye(7, dtype=bool)]) < 99.1  # 41
    # Users 3n + 1 and 3n + 2 draw independently.
    neighbours = np.bincount(test[1::3][:6666] * 7 + test[2::3][:6666], minlength=49)
    assert chi_square(neighbours) < 109.6  # 48


def test_a_user_may_be_left_without_train_items_and_is_counted() -> None:
    funnel = Funnel(3)
    split = split_pairs([(0, 1), (2, 3), (2, 4)], valid=0, minimum=1, funnel=funnel)
    assert pairs_of(split.test)[0] == (0, 1)
    assert split.train.user_degree.tolist() == [0, 0, 1, 0, 0, 0, 0]
    notes = funnel.to_dict()["notes"]
    assert isinstance(notes, dict)
    assert notes["users_without_train"] == 1


def test_names_the_minimum_that_leaves_no_test_user() -> None:
    with pytest.raises(DataError, match=r"no user has the 3 .*most is 2\); lower split.min_inter"):
        split_pairs([(0, 1), (0, 2), (1, 1)])


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
    train: Pairs, valid: Pairs | None, test: Pairs, users: NDArray[np.generic] | None = None
) -> Split:
    return Split(
        train=part_of(train),
        valid=None if valid is None else part_of(valid),
        test=part_of(test),
        users=IdMap(np.array([1, 2]) if users is None else users),
        items=IdMap(np.array([4, 5, 6])),
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
    ]
    assert len({split.hash() for split in splits}) == len(splits)


@pytest.mark.parametrize("dtype", ["U1", "U40", "O"])
def test_the_hash_does_not_depend_on_how_ids_are_stored(dtype: str) -> None:
    parts: tuple[Pairs, Pairs, Pairs] = ([(0, 0), (0, 1)], [(1, 1)], [(1, 2)])
    as_text = make_split(*parts, users=np.array(["1", "2"]).astype(dtype))
    assert as_text.hash() == make_split(*parts).hash()
    assert len(as_text.hash()) == 64
