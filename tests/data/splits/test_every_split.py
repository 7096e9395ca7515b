"""Every split is disjoint, complete, and determined by the seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.split import (
    GlobalTimeConfig,
    HeldOutBy,
    KFoldConfig,
    LeaveOneOutConfig,
    RatioConfig,
    Scope,
    ShareBy,
    SplitConfig,
)
from graphrec_cli.data.components import SPLITS
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError

Pairs = list[tuple[int, int]]
MakeInteractions = Callable[..., Interactions]
ReadPairs = Callable[[UserItems | None], Pairs]


class Row(NamedTuple):
    """One interaction; times and ratings often tie."""

    pair: tuple[int, int]
    time: int
    rating: float


ROWS = st.lists(
    st.builds(
        Row,
        st.tuples(st.integers(0, 6), st.integers(0, 11)),
        st.integers(0, 9),
        st.sampled_from([0.5, 3.0, 4.0, 5.0]),
    ),
    unique_by=lambda row: row.pair,
    min_size=1,
    max_size=60,
)
SCOPES = st.sampled_from(Scope)
SHARES = st.floats(0, 0.45)
TEST_SHARES = st.just(0.0) | st.floats(0.01, 0.5)
RANDOM_LEAVE_ONE_OUT = st.builds(
    LeaveOneOutConfig,
    by=st.sampled_from([HeldOutBy.random, HeldOutBy.time]),
    valid=st.just(1),
    test=st.integers(0, 1),
    min_interactions=st.integers(2, 5),
) | st.builds(
    LeaveOneOutConfig,
    by=st.sampled_from([HeldOutBy.random, HeldOutBy.time]),
    valid=st.just(0),
    test=st.integers(0, 1),
    min_interactions=st.integers(1, 5),
)
BY_RATING = st.builds(
    LeaveOneOutConfig,
    by=st.just(HeldOutBy.rating),
    valid=st.just(0),
    min_interactions=st.integers(1, 5),
)
DECIDED_BY_THE_SEED = st.one_of(
    RANDOM_LEAVE_ONE_OUT,
    st.builds(RatioConfig, scope=SCOPES, test_ratio=TEST_SHARES, valid_ratio=SHARES),
    st.builds(RatioConfig, by=st.just(ShareBy.time), test_ratio=TEST_SHARES, valid_ratio=SHARES),
    st.builds(GlobalTimeConfig, test_ratio=TEST_SHARES, valid_ratio=SHARES),
    st.builds(
        KFoldConfig,
        scope=SCOPES,
        folds=st.integers(3, 7),
        fold=st.integers(0, 2),
        valid_ratio=SHARES,
    ),
)
CONFIGS = BY_RATING | DECIDED_BY_THE_SEED


def split_rows(
    make: MakeInteractions, rows: list[Row], config: SplitConfig, seed: int
) -> Split | None:
    """None if the split refuses because test or valid has no pair."""
    interactions = make(
        [row.pair for row in rows],
        time=[row.time for row in rows],
        rating=[row.rating for row in rows],
    )
    rng = np.random.default_rng(seed)
    try:
        return SPLITS[config.name](interactions, config, rng=rng, funnel=Funnel(len(rows)))
    except DataError:
        return None


@given(ROWS, CONFIGS, st.integers(0, 2**32))
def test_disjoint_and_complete(
    interactions_of: MakeInteractions,
    pairs_of: ReadPairs,
    rows: list[Row],
    config: SplitConfig,
    seed: int,
) -> None:
    split = split_rows(interactions_of, rows, config, seed)
    if split is None:
        return
    parts = pairs_of(split.train) + pairs_of(split.valid) + pairs_of(split.test)
    assert sorted(parts) == sorted(row.pair for row in rows)
    wants_test = getattr(config, "test_ratio", 1) > 0 and getattr(config, "test", 1) > 0
    assert split.has_test == (split.test.num_pairs > 0) == wants_test
    wants_valid = getattr(config, "valid_ratio", 0) > 0 or getattr(config, "valid", 0) > 0
    assert (split.valid is not None) == wants_valid
    assert split.valid is None or split.valid.num_pairs > 0


@given(ROWS, DECIDED_BY_THE_SEED, st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_same_seed_gives_the_same_split_whatever_the_row_order(
    interactions_of: MakeInteractions,
    rows: list[Row],
    config: SplitConfig,
    seed: int,
    order: Random,
) -> None:
    shuffled = rows.copy()
    order.shuffle(shuffled)
    first = split_rows(interactions_of, rows, config, seed)
    again = split_rows(interactions_of, shuffled, config, seed)
    assert (first is None) == (again is None)
    if first is not None and again is not None:
        assert first.hash() == again.hash()


@given(ROWS, BY_RATING, st.integers(0, 2**32), st.integers(0, 2**32))
def test_by_rating_nothing_is_drawn(
    interactions_of: MakeInteractions,
    rows: list[Row],
    config: SplitConfig,
    seed: int,
    other_seed: int,
) -> None:
    first = split_rows(interactions_of, rows, config, seed)
    again = split_rows(interactions_of, rows, config, other_seed)
    assert (None if first is None else first.hash()) == (None if again is None else again.hash())


@pytest.mark.parametrize(
    "config",
    [
        LeaveOneOutConfig(),
        LeaveOneOutConfig(by=HeldOutBy.time),
        LeaveOneOutConfig(by=HeldOutBy.rating),
        RatioConfig(),
        RatioConfig(scope=Scope.all),
        RatioConfig(by=ShareBy.time),
        GlobalTimeConfig(),
        KFoldConfig(),
        KFoldConfig(scope=Scope.all),
    ],
)
def test_the_defaults_split_a_plain_table(
    interactions_of: MakeInteractions, config: SplitConfig
) -> None:
    """The properties above must not pass because every split refuses."""
    rows = [Row((user, item), 12 * user + item, 4.0) for user in range(7) for item in range(12)]
    split = split_rows(interactions_of, rows, config, 0)
    assert split is not None
    assert split.valid is not None
    assert split.train.num_pairs > 50


@pytest.mark.parametrize(
    "config",
    [
        LeaveOneOutConfig(),
        LeaveOneOutConfig(by=HeldOutBy.time),
        RatioConfig(),
        RatioConfig(scope=Scope.all),
        RatioConfig(by=ShareBy.time),
        KFoldConfig(),
        KFoldConfig(scope=Scope.all),
    ],
)
def test_another_seed_gives_another_split(
    interactions_of: MakeInteractions, config: SplitConfig
) -> None:
    rows = [Row((user, item), 1, 4.0) for user in range(7) for item in range(12)]
    splits = [split_rows(interactions_of, rows, config, seed) for seed in range(20)]
    assert len({split.hash() for split in splits if split is not None}) == 20


def test_every_split_is_held_to_this() -> None:
    """A source's own split draws nothing and has its own tests."""
    assert set(SPLITS) - {"predefined"} == {"leave_one_out", "ratio", "global_time", "k_fold"}
