"""The newest pairs of all: by hand, and against a brute force over every cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.split import GlobalTimeConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, UserItems
from graphrec_cli.data.splits.global_time import global_time_split
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, DataError

Pairs = list[tuple[int, int]]
MakeInteractions = Callable[..., Interactions]
ReadPairs = Callable[[UserItems | None], Pairs]
PAIRS = [(user, item) for user in range(5) for item in range(6)]


def split_times(make: MakeInteractions, times: list[int], test: float, valid: float) -> Split:
    interactions = make(PAIRS[: len(times)], time=times)
    return global_time_split(
        interactions,
        GlobalTimeConfig(test_ratio=test, valid_ratio=valid),
        rng=np.random.default_rng(0),
        funnel=Funnel(len(times)),
    )


def test_the_newest_by_hand(interactions_of: MakeInteractions, pairs_of: ReadPairs) -> None:
    times = [5, 90, -7, 30, 20, 80, 10, 70, 60, 40]
    split = split_times(interactions_of, times, 0.2, 0.3)
    assert pairs_of(split.test) == [PAIRS[1], PAIRS[5]]
    assert pairs_of(split.valid) == [PAIRS[7], PAIRS[8], PAIRS[9]]


def test_ties_at_the_cut_go_to_the_older_side(
    interactions_of: MakeInteractions, pairs_of: ReadPairs
) -> None:
    times = [1, 2, 3, 7, 7, 7, 8, 9, 9, 9]
    split = split_times(interactions_of, times, 0.5, 0.2)
    assert pairs_of(split.test) == PAIRS[6:10]
    assert pairs_of(split.valid) == PAIRS[3:6]
    assert pairs_of(split_times(interactions_of, times, 0.4, 0).test) == PAIRS[6:10]


@given(
    st.lists(st.integers(-3, 8), min_size=1, max_size=30),
    st.floats(0.01, 0.6),
    st.floats(0.01, 0.39),
)
def test_against_every_cut(
    interactions_of: MakeInteractions,
    pairs_of: ReadPairs,
    times: list[int],
    test: float,
    valid: float,
) -> None:
    # The lowest cut with no more than the share above it.
    allowed = round(round(test * len(times), 9))
    both = allowed + round(round(valid * len(times), 9))
    cuts = range(-4, 9)
    upper = min(cut for cut in cuts if sum(time > cut for time in times) <= allowed)
    lower = min(cut for cut in cuts if sum(time > cut for time in times) <= both)
    rows = list(zip(PAIRS, times, strict=False))
    newest = [pair for pair, time in rows if time > upper]
    before = [pair for pair, time in rows if lower < time <= upper]
    if not (newest and before):
        with pytest.raises(DataError, match=r"raise split\.test_ratio or split\.valid_ratio"):
            split_times(interactions_of, times, test, valid)
        return
    split = split_times(interactions_of, times, test, valid)
    assert pairs_of(split.test) == newest
    assert pairs_of(split.valid) == before


def test_says_that_one_time_cannot_be_parted(interactions_of: MakeInteractions) -> None:
    with pytest.raises(DataError, match="none of the 10 pairs for test; raise"):
        split_times(interactions_of, [4] * 10, 0.2, 0)


def test_refuses_data_without_times(interactions_of: MakeInteractions) -> None:
    with pytest.raises(DataError, match=r"split=global_time needs timestamps.*choose split=ratio"):
        global_time_split(
            interactions_of(PAIRS),
            GlobalTimeConfig(),
            rng=np.random.default_rng(0),
            funnel=Funnel(len(PAIRS)),
        )


def test_refuses_shares_that_leave_nothing() -> None:
    with pytest.raises(ConfigError, match=r"^split\.test_ratio and split\.valid_ratio must add up"):
        GlobalTimeConfig(test_ratio=0.7, valid_ratio=0.4)
