"""One item of every user: its distribution by random, and hand-made cases by time and rating."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from builders import REAL_DATA, needs_real
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.split import HeldOutBy, LeaveOneOutConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError

Pairs = list[tuple[int, int]]
MakeInteractions = Callable[..., Interactions]
ReadPairs = Callable[[UserItems | None], Pairs]
SplitPairs = Callable[..., Split]
NUM_USERS, NUM_ITEMS = 7, 12
PAIRS = st.lists(
    st.tuples(st.integers(0, NUM_USERS - 1), st.integers(0, NUM_ITEMS - 1)),
    unique=True,
    min_size=1,
    max_size=60,
)


@pytest.fixture(scope="session")
def split_pairs(interactions_of: MakeInteractions) -> Callable[..., Split]:
    """``split_pairs(pairs, time=..., rating=..., by=...)`` with its own settings."""

    def split(
        pairs: Pairs,
        *,
        time: Sequence[int] | None = None,
        rating: Sequence[float] | None = None,
        by: HeldOutBy = HeldOutBy.random,
        seed: int = 0,
        valid: int = 1,
        minimum: int = 3,
        funnel: Funnel | None = None,
    ) -> Split:
        return leave_one_out(
            interactions_of(pairs, time=time, rating=rating),
            LeaveOneOutConfig(by=by, valid=valid, min_interactions=minimum),
            rng=np.random.default_rng(seed),
            funnel=Funnel(len(pairs)) if funnel is None else funnel,
        )

    return split


@given(PAIRS, st.integers(0, 1), st.integers(0, 3), st.integers(0, 2**32))
def test_one_of_each_user_with_enough_and_nothing_lost(
    split_pairs: SplitPairs,
    pairs_of: ReadPairs,
    pairs: Pairs,
    valid: int,
    extra: int,
    seed: int,
) -> None:
    minimum = valid + 1 + extra
    degree = [sum(owner == user for owner, _ in pairs) for user in range(NUM_USERS)]
    tested = [user for user in range(NUM_USERS) if degree[user] >= minimum]
    if not tested:
        with pytest.raises(
            DataError, match=r"lower split\.min_interactions|needs one more to train on"
        ):
            split_pairs(pairs, valid=valid, minimum=minimum, seed=seed)
        return
    funnel = Funnel(len(pairs))

    split = split_pairs(pairs, valid=valid, minimum=minimum, seed=seed, funnel=funnel)

    assert [user for user, _ in pairs_of(split.test)] == tested
    assert [user for user, _ in pairs_of(split.valid)] == (tested if valid else [])
    assert (split.valid is None) == (valid == 0)
    everything = pairs_of(split.train) + pairs_of(split.valid) + pairs_of(split.test)
    assert sorted(everything) == sorted(pairs)
    notes = funnel.to_dict()["notes"]
    assert isinstance(notes, dict)
    expected = {
        "users_only_in_train": sum(0 < count < minimum for count in degree),
        "users_without_train": sum(degree[user] == 1 + valid for user in tested),
        "pairs_train": split.train.num_pairs,
        "pairs_valid": valid * len(tested),
        "pairs_test": len(tested),
    }
    assert {key: notes[key] for key in expected} == expected
    assert funnel.rows_left == len(pairs)


def chi_square(counts: NDArray[np.int64]) -> float:
    expected = counts.sum() / counts.size
    return float(((counts - expected) ** 2).sum() / expected)


def test_every_item_of_a_user_is_equally_likely_to_be_held_out(
    interactions_of: MakeInteractions,
) -> None:
    num_users, num_items = 20_000, 7
    users = np.repeat(np.arange(num_users), num_items)
    items = np.tile(np.arange(num_items), num_users)
    # Users of different length in between, so that no user's place in the table is regular.
    chosen = (users % 3 != 0) | (items < 4)
    interactions = interactions_of(
        np.stack([users[chosen], items[chosen]], axis=1), num_users=num_users, num_items=num_items
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


def test_a_user_may_be_left_without_train_items_and_is_counted(
    split_pairs: SplitPairs, pairs_of: ReadPairs
) -> None:
    funnel = Funnel(3)
    split = split_pairs([(0, 1), (2, 3), (2, 4)], valid=0, minimum=1, funnel=funnel)
    assert pairs_of(split.test)[0] == (0, 1)
    assert split.train.user_degree.tolist() == [0, 0, 1, 0, 0, 0, 0]
    notes = funnel.to_dict()["notes"]
    assert isinstance(notes, dict)
    assert notes["users_without_train"] == 1


def test_names_the_minimum_that_leaves_no_test_user(split_pairs: SplitPairs) -> None:
    with pytest.raises(
        DataError, match=r"no user has the 3 .*most is 2\); a user with 2 held out needs one more"
    ):
        split_pairs([(0, 1), (0, 2), (1, 1)])


def test_by_time_the_newest_and_the_one_before(
    split_pairs: SplitPairs, pairs_of: ReadPairs
) -> None:
    pairs = [(0, 3), (1, 5), (0, 1), (0, 7), (1, 2), (1, 9), (2, 0), (2, 4)]
    time = [30, -5, 10, 20, 7, 6, 1, 2]
    split = split_pairs(pairs, time=time, by=HeldOutBy.time)
    assert pairs_of(split.test) == [(0, 3), (1, 2)]
    assert pairs_of(split.valid) == [(0, 7), (1, 9)]
    assert pairs_of(split.train) == [(0, 1), (1, 5), (2, 0), (2, 4)]


@pytest.mark.slow
def test_among_equal_times_the_seed_decides(split_pairs: SplitPairs, pairs_of: ReadPairs) -> None:
    pairs = [(0, item) for item in range(5)]
    tested, validated = np.zeros((2, 5), dtype=np.int64)
    for seed in range(600):
        split = split_pairs(pairs, time=[9, 8, 9, 9, 1], by=HeldOutBy.time, seed=seed)
        tested[split.test.item_index] += 1
        validated[split.valid.item_index if split.valid else []] += 1
    assert tested[[1, 4]].tolist() == validated[[1, 4]].tolist() == [0, 0]
    # 200 are expected of each; 6 standard deviations of the binomial law are 69.
    assert (abs(tested[[0, 2, 3]] - 200) <= 69).all()
    assert (abs(validated[[0, 2, 3]] - 200) <= 69).all()


def test_by_rating_the_highest_and_of_equal_ones_the_last_in_the_source(
    split_pairs: SplitPairs, pairs_of: ReadPairs
) -> None:
    pairs = [(0, 8), (1, 4), (0, 2), (0, 5), (1, 6), (0, 1), (1, 0), (2, 11)]
    rating = [9.0, 3.0, 10.0, 10.0, 3.0, 1.0, 2.0, 7.0]
    split = split_pairs(pairs, rating=rating, by=HeldOutBy.rating, valid=0, minimum=1)
    assert pairs_of(split.test) == [(0, 5), (1, 6), (2, 11)]
    split = split_pairs(pairs, rating=rating, by=HeldOutBy.rating, valid=1, minimum=2)
    assert pairs_of(split.test) == [(0, 5), (1, 6)]
    assert pairs_of(split.valid) == [(0, 2), (1, 4)]


@given(PAIRS, st.data(), st.integers(0, 1))
def test_by_rating_as_the_notebook_sorts(
    split_pairs: SplitPairs, pairs_of: ReadPairs, pairs: Pairs, data: st.DataObject, valid: int
) -> None:
    """Rows sorted stably by user and rating: the last of each user, and the one before."""
    ratings = st.sampled_from([1.0, 2.0, 3.0])
    rating = data.draw(st.lists(ratings, min_size=len(pairs), max_size=len(pairs)))
    rows = sorted(zip(pairs, rating, strict=True), key=lambda row: (row[0][0], row[1]))
    of_user = [[pair for pair, _ in rows if pair[0] == user] for user in range(NUM_USERS)]
    of_user = [mine for mine in of_user if len(mine) > valid]
    if not of_user:
        return
    split = split_pairs(pairs, rating=rating, by=HeldOutBy.rating, valid=valid, minimum=valid + 1)
    assert pairs_of(split.test) == [mine[-1] for mine in of_user]
    assert pairs_of(split.valid) == [mine[-2] for mine in of_user if valid]


def test_refuses_data_without_the_column_to_go_by(split_pairs: SplitPairs) -> None:
    pairs = [(0, 0), (0, 1), (0, 2)]
    with pytest.raises(DataError, match=r"^split\.by=time needs timestamps, and none were read"):
        split_pairs(pairs, rating=[1, 2, 3], by=HeldOutBy.time)
    with pytest.raises(DataError, match=r"^split\.by=rating needs .* 3 of 3 pairs have none"):
        split_pairs(pairs, time=[1, 2, 3], by=HeldOutBy.rating)
    with pytest.raises(DataError, match="1 of 3 pairs have none"):
        split_pairs(pairs, rating=[1, np.nan, 3], by=HeldOutBy.rating)


@needs_real("book-crossing")
def test_by_rating_on_book_crossing_as_pandas_does_it(interactions_of: MakeInteractions) -> None:
    path = REAL_DATA / "book-crossing" / "BX-Book-Explicit-5Rate.csv"
    frame = pd.read_csv(path, dtype={"ISBN": str})
    users, user_index = np.unique(frame["User-ID"].to_numpy(), return_inverse=True)
    items, item_index = np.unique(frame["ISBN"].to_numpy(dtype=str), return_inverse=True)
    interactions = interactions_of(
        np.stack([user_index, item_index], axis=1),
        rating=frame["Book-Rating"].to_numpy(),
        num_users=len(users),
        num_items=len(items),
    )
    split = leave_one_out(
        interactions,
        LeaveOneOutConfig(by=HeldOutBy.rating, valid=0, min_interactions=1),
        rng=np.random.default_rng(0),
        funnel=Funnel(len(frame)),
    )
    numbered = pd.DataFrame({"u": user_index, "i": item_index, "r": frame["Book-Rating"]})
    last = numbered.sort_values(["u", "r"]).groupby("u").tail(1).sort_values("u")
    assert split.test.user_index().tolist() == last["u"].tolist()
    assert split.test.item_index.tolist() == last["i"].tolist()
    assert (split.train.num_pairs, split.test.num_pairs) == (88_552 - 6_358, 6_358)
