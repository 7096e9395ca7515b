"""Shares of every user's pairs and of all: sizes by hand and by brute force, and an even draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from builders import REAL_DATA, needs_real
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.split import RatioConfig, Scope, ShareBy
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.splits.draw import rounded_share
from graphrec_cli.data.splits.ratio import ratio_split
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, DataError

Pairs = list[tuple[int, int]]
MakeInteractions = Callable[..., Interactions]
HUNDREDTHS = st.integers(1, 99)


def split_pairs(interactions: Interactions, config: RatioConfig, seed: int = 0) -> Split:
    rng = np.random.default_rng(seed)
    return ratio_split(interactions, config, rng=rng, funnel=Funnel(len(interactions)))


def exact_share(hundredths: int, size: int) -> int:
    """Python's own rounding of exact fractions: to the nearest, at a half to the even number."""
    return round(Fraction(hundredths, 100) * size)


@given(HUNDREDTHS, st.lists(st.integers(0, 10**6), min_size=1))
def test_shares_are_rounded_half_to_even(hundredths: int, sizes: list[int]) -> None:
    share = rounded_share(hundredths / 100, np.array(sizes))
    assert share.tolist() == [exact_share(hundredths, size) for size in sizes]


@pytest.mark.parametrize(
    ("ratio", "size", "share"),
    [(0.25, 2, 0), (0.25, 6, 2), (0.25, 10, 2), (0.25, 14, 4), (0.57, 150, 86), (0.29, 50, 14)],
)
def test_halves_by_hand(ratio: float, size: int, share: int) -> None:
    assert rounded_share(ratio, np.array([size])).tolist() == [share]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=7),
    HUNDREDTHS,
    st.integers(0, 98),
    st.sampled_from(Scope),
    st.integers(0, 2**32),
)
def test_sizes_of_every_user_and_of_all(
    interactions_of: MakeInteractions,
    degrees: list[int],
    test: int,
    valid: int,
    scope: Scope,
    seed: int,
) -> None:
    valid = min(valid, 99 - test)
    pairs = [(user, item) for user, degree in enumerate(degrees) for item in range(degree)]
    config = RatioConfig(scope=scope, test_ratio=test / 100, valid_ratio=valid / 100)
    sizes = degrees if scope is Scope.user else [len(pairs)]
    wanted = [(exact_share(test, size), exact_share(valid, size)) for size in sizes]
    enough = any(of_test for of_test, _ in wanted) and (
        valid == 0 or any(of_valid for _, of_valid in wanted)
    )
    interactions = interactions_of(pairs, num_users=len(degrees))
    if not enough:
        with pytest.raises(DataError, match=r"raise split\.test_ratio or split\.valid_ratio"):
            split_pairs(interactions, config, seed)
        return
    split = split_pairs(interactions, config, seed)

    def sizes_of(part: UserItems | None) -> list[int]:
        if part is None:
            return [0] * len(sizes)
        return part.user_degree.tolist() if scope is Scope.user else [part.num_pairs]

    assert list(zip(sizes_of(split.test), sizes_of(split.valid), strict=True)) == wanted
    assert (split.valid is None) == (valid == 0)


def test_eighty_ten_ten_of_all_edges(interactions_of: MakeInteractions) -> None:
    """The sizes of the MovieLens-latest-small notebook, of its 99,466 ratings."""
    pairs = [(number // 1000, number % 1000) for number in range(99_466)]
    interactions = interactions_of(pairs, num_users=100, num_items=1000)
    config = RatioConfig(scope=Scope.all, test_ratio=0.1, valid_ratio=0.1)
    split = split_pairs(interactions, config)
    assert split.valid is not None
    sizes = (split.train.num_pairs, split.valid.num_pairs, split.test.num_pairs)
    assert sizes == (79_572, 9_947, 9_947)
    assert np.unique(split.test.user_degree).size > 5


@pytest.mark.slow
@pytest.mark.parametrize("scope", Scope)
def test_every_pair_is_as_likely_to_be_held_out(
    interactions_of: MakeInteractions, scope: Scope
) -> None:
    pairs = [(user, item) for user in range(7) for item in range(8)]
    interactions = interactions_of(pairs)
    config = RatioConfig(scope=scope, test_ratio=0.25, valid_ratio=0.25)
    tested: Counter[tuple[int, int]] = Counter()
    validated: Counter[tuple[int, int]] = Counter()
    for seed in range(600):
        split = split_pairs(interactions, config, seed)
        assert split.valid is not None
        for counter, part in ((tested, split.test), (validated, split.valid)):
            counter.update(zip(part.user_index().tolist(), part.item_index.tolist(), strict=True))
    # 150 are expected of each; 6 standard deviations of the binomial law are 64.
    for counter in (tested, validated):
        assert all(86 <= counter[pair] <= 214 for pair in pairs)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 11)), unique=True, min_size=1, max_size=40
    ),
    st.data(),
    st.sampled_from([0.1, 0.25, 0.5]),
    st.sampled_from([0.0, 0.25]),
)
def test_by_time_a_users_newest_are_held_out(
    interactions_of: MakeInteractions,
    pairs: Pairs,
    data: st.DataObject,
    test: float,
    valid: float,
) -> None:
    times = data.draw(st.lists(st.integers(0, 9), min_size=len(pairs), max_size=len(pairs)))
    config = RatioConfig(by=ShareBy.time, test_ratio=test, valid_ratio=valid)
    try:
        split = split_pairs(interactions_of(pairs, time=times), config)
    except DataError:
        return
    time_of = dict(zip(pairs, times, strict=True))
    for user in {user for user, _ in pairs}:
        newest_first = sorted((time_of[pair] for pair in pairs if pair[0] == user), reverse=True)
        tested = round(round(test * len(newest_first), 9))
        both = tested + round(round(valid * len(newest_first), 9))
        for part, expected in (
            (split.test, newest_first[:tested]),
            (split.valid, newest_first[tested:both]),
            (split.train, newest_first[both:]),
        ):
            items = [] if part is None else part.item_index[part.user_index() == user].tolist()
            got = sorted((time_of[user, item] for item in items), reverse=True)
            assert got == expected


def test_by_time_needs_times_of_each_user(interactions_of: MakeInteractions) -> None:
    with pytest.raises(DataError, match=r"^split\.by=time needs timestamps, .*split\.by=random"):
        split_pairs(
            interactions_of([(0, item) for item in range(12)]), RatioConfig(by=ShareBy.time)
        )
    with pytest.raises(ConfigError, match=r"^split\.by=time .*set split\.scope=user"):
        RatioConfig(by=ShareBy.time, scope=Scope.all)


@pytest.mark.parametrize(
    ("test", "valid", "message"),
    [
        (-0.1, 0.1, r"^split\.test_ratio must be a finite number of at least 0, got -0\.1$"),
        (float("nan"), 0.1, r"^split\.test_ratio must"),
        (0.1, -0.1, r"^split\.valid_ratio must be a finite number of at least 0, got -0\.1$"),
        (0.5, 0.5, r"^split\.test_ratio and split\.valid_ratio must add up to less than 1"),
        (1.0, 0.0, r"split\.test_ratio must lie below 1, got 1\.0$"),
    ],
)
def test_refuses_shares_that_leave_nothing(test: float, valid: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RatioConfig(test_ratio=test, valid_ratio=valid)


@needs_real("ml-1m")
def test_the_sizes_of_the_movielens_1m_notebook(interactions_of: MakeInteractions) -> None:
    frame = pd.read_csv(REAL_DATA / "ml-1m" / "ratings.csv.gz", usecols=["user_id", "movie_id"])
    users, user_index = np.unique(frame["user_id"].to_numpy(), return_inverse=True)
    items, item_index = np.unique(frame["movie_id"].to_numpy(), return_inverse=True)
    pairs = np.stack([user_index, item_index], axis=1)
    interactions = interactions_of(pairs, num_users=len(users), num_items=len(items))
    split = split_pairs(interactions, RatioConfig(test_ratio=0.25, valid_ratio=0))
    assert split.valid is None
    assert (split.train.num_pairs, split.test.num_pairs) == (750_121, 250_088)
    assert (split.train.user_degree > 0).all()
    assert (split.test.user_degree > 0).all()
