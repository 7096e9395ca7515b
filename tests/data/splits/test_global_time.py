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


DAY = 86_400 * 10**9


def split_days(
    make: MakeInteractions, days: list[int], config: GlobalTimeConfig, *, shift: int = 0
) -> Split:
    """The split of pairs at whole days since 1970, ``shift`` nanoseconds later."""
    return global_time_split(
        make(PAIRS[: len(days)], time=[day * DAY + shift for day in days]),
        config,
        rng=np.random.default_rng(0),
        funnel=Funnel(len(days)),
    )


def test_a_part_begins_with_its_time(
    interactions_of: MakeInteractions, pairs_of: ReadPairs
) -> None:
    config = GlobalTimeConfig(valid_from="1970-01-03", test_from="1970-01-04")
    days = [3, 0, 2, 1, 5, 2]
    split = split_days(interactions_of, days, config)
    assert pairs_of(split.test) == [PAIRS[0], PAIRS[4]]
    assert pairs_of(split.valid) == [PAIRS[2], PAIRS[5]]
    earlier = split_days(interactions_of, days, config, shift=-1)
    assert pairs_of(earlier.test) == [PAIRS[4]]
    assert pairs_of(earlier.valid) == [PAIRS[0]]


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=30),
    st.integers(1, 8) | st.none(),
    st.integers(1, 8) | st.none(),
    st.sampled_from([0, 0.1, 0.3]),
    st.sampled_from([0, 0.1, 0.3]),
)
def test_times_and_shares_against_a_brute_force(
    interactions_of: MakeInteractions,
    pairs_of: ReadPairs,
    days: list[int],
    test_day: int | None,
    valid_day: int | None,
    test_ratio: float,
    valid_ratio: float,
) -> None:
    if test_day is not None and valid_day is not None and valid_day >= test_day:
        return

    def held_out(day: int | None, ratio: float, newer: int) -> tuple[list[int], int]:
        """The days from ``day`` on, or of the newest pairs, and the size that they may have."""
        if day is not None:
            chosen = [other for other in days if other >= day]
            return chosen, len(chosen)
        size = newer + round(round(ratio * len(days), 9))
        return [day for day in days if sum(other >= day for other in days) <= size], size

    tested, size = held_out(test_day, test_ratio, 0)
    both, _ = held_out(valid_day, valid_ratio, size)
    validated = [day for day in both if day not in tested]
    trained = [day for day in days if day not in tested and day not in both]
    config = GlobalTimeConfig(
        test_ratio=test_ratio,
        valid_ratio=valid_ratio,
        test_from=None if test_day is None else f"1970-01-0{test_day + 1}",
        valid_from=None if valid_day is None else f"1970-01-0{valid_day + 1}",
    )
    wants_test, wants_valid = test_day is not None or test_ratio, valid_day or valid_ratio
    cut = test_day is not None or valid_day is not None
    if (wants_test and not tested) or (wants_valid and not validated) or (cut and not trained):
        first, last = (f"1970-01-0{day + 1} 00:00:00" for day in (min(days), max(days)))
        said = f"its times are from {first} to {last} UTC; set" if cut else "raise split.test_ratio"
        with pytest.raises(DataError, match=f"the split leaves none of the .*; {said}"):
            split_days(interactions_of, days, config)
        return
    split = split_days(interactions_of, days, config)
    rows = list(zip(PAIRS, days, strict=False))
    assert pairs_of(split.test) == [pair for pair, day in rows if day in tested]
    assert pairs_of(split.valid) == [pair for pair, day in rows if day in validated]
    assert split.has_test == bool(tested)


def test_a_part_has_a_share_or_a_time() -> None:
    with pytest.raises(ConfigError, match=r"^split\.valid_from must be earlier than split\.test_"):
        GlobalTimeConfig(valid_from="2020-01-01T01:00+01:00", test_from="2020-01-01")
    assert GlobalTimeConfig(test_from="2020-01-01", test_ratio=0).without_test() is None
    assert GlobalTimeConfig(test_ratio=0).without_test() == "split.test_ratio=0"


def test_refuses_shares_that_leave_nothing() -> None:
    with pytest.raises(ConfigError, match=r"^split\.test_ratio and split\.valid_ratio must add up"):
        GlobalTimeConfig(test_ratio=0.7, valid_ratio=0.4)
