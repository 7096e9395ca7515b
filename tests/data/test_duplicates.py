from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.dataset import Duplicates, KCoreConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.errors import DataError

NAN = math.nan
Row = tuple[str, str, float, int, int]  # user, item, rating, time, signal
Kept = dict[tuple[str, str], tuple[float, int, int]]  # rating, time, signal by pair


def make_table(rows: list[Row], *, timed: bool = True) -> RawTable:
    return RawTable(
        user_id=np.array([row[0] for row in rows]),
        item_id=np.array([row[1] for row in rows]),
        rating=np.array([row[2] for row in rows], dtype=np.float32),
        timestamp=np.array([row[3] for row in rows]) if timed else None,
        signal=np.array([row[4] for row in rows], dtype=np.int8),
        signal_names=("strong", "weak"),
    )


def kept_rows(table: RawTable, policy: Duplicates, threshold: float | None = None) -> Kept:
    """What stands for every pair, -1 for an unrated pair and for a missing time."""
    one = KCoreConfig(min_user_interactions=1, min_item_interactions=1)
    result = preprocess(
        table,
        rating_threshold=threshold,
        k_core=one,
        funnel=Funnel(len(table)),
        duplicates=policy,
    )
    time = np.full(len(result), -1) if result.timestamp is None else result.timestamp
    users, items = result.users.ids[result.user_index], result.items.ids[result.item_index]
    values = zip(np.nan_to_num(result.rating, nan=-1), time, result.signal, strict=True)
    return {
        (str(user), str(item)): (float(rating), int(when), int(signal))
        for user, item, (rating, when, signal) in zip(users, items, values, strict=True)
    }


def by_hand(rows: list[Row], policy: Duplicates, threshold: float) -> Kept:
    """The same by loops over groups of rows."""
    groups: dict[tuple[str, str, int], list[tuple[float, int]]] = {}
    for user, item, rating, time, signal in rows:
        groups.setdefault((user, item, signal), []).append(
            (-1 if math.isnan(rating) else rating, time)
        )
    kept: Kept = {}
    for (user, item, signal), values in sorted(groups.items(), reverse=True):
        newest = max(values, key=lambda value: (value[1], value[0]))
        rating, time = {
            Duplicates.latest: newest,
            Duplicates.earliest: min(values, key=lambda value: (value[1], -value[0])),
            Duplicates.highest: max(values),
            Duplicates.count: (float(len(values)), newest[1]),
            Duplicates.sum: (sum(value[0] for value in values), newest[1]),
        }[policy]
        if rating == -1 or rating >= threshold:
            kept[user, item] = (rating, time, signal)
    return kept


RATED = st.sampled_from([1.0, 2.0, 4.0, 5.0])
ROWS = st.lists(
    st.tuples(
        st.sampled_from("uv"), st.sampled_from("pq"), RATED, st.integers(0, 3), st.integers(0, 1)
    ),
    min_size=1,
    max_size=12,
)
ORDERLESS = [policy for policy in Duplicates if policy is not Duplicates.first]


@pytest.mark.parametrize("policy", ORDERLESS)
@given(rows=ROWS, threshold=st.sampled_from([0.0, 2.0, 4.0]), data=st.data())
def test_the_policy_and_not_the_order_of_rows_decides(
    policy: Duplicates, rows: list[Row], threshold: float, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    expected = by_hand(rows, policy, threshold)
    for table in (make_table(rows), make_table(shuffled)):
        if expected:
            assert kept_rows(table, policy, threshold) == expected
        else:
            with pytest.raises(DataError, match="threshold"):
                kept_rows(table, policy, threshold)


RATED_AGAIN: list[Row] = [
    ("u", "p", 5, 100, 0),
    ("u", "q", 5, 200, 0),
    ("u", "p", 1, 400, 0),
]


def test_a_pair_whose_last_rating_is_low_is_no_positive() -> None:
    assert list(kept_rows(make_table(RATED_AGAIN), Duplicates.latest, 4.0)) == [("u", "q")]


@pytest.mark.parametrize(
    ("policy", "rating", "time"),
    [
        (Duplicates.latest, 1, 400),
        (Duplicates.earliest, 5, 100),
        (Duplicates.highest, 5, 100),
        (Duplicates.first, 5, 100),
        (Duplicates.sum, 6, 400),
        (Duplicates.count, 2, 400),
    ],
)
def test_what_stands_for_a_pair(policy: Duplicates, rating: float, time: int) -> None:
    assert kept_rows(make_table(RATED_AGAIN), policy)["u", "p"] == (rating, time, 0)


def test_first_takes_the_order_of_the_file() -> None:
    assert kept_rows(make_table(RATED_AGAIN[::-1]), Duplicates.first)["u", "p"] == (1, 400, 0)


def test_without_times_the_highest_rating_stands() -> None:
    rows = [("u", "p", NAN, 0, 0), *RATED_AGAIN]
    for table in (make_table(rows, timed=False), make_table(rows[::-1], timed=False)):
        assert kept_rows(table, Duplicates.latest)["u", "p"] == (5, -1, 0)


def test_a_policy_without_its_column_is_refused() -> None:
    with pytest.raises(DataError, match="duplicates=earliest needs timestamps"):
        kept_rows(make_table(RATED_AGAIN, timed=False), Duplicates.earliest)
    for policy in (Duplicates.highest, Duplicates.sum):
        with pytest.raises(DataError, match=f"duplicates={policy.name} needs ratings"):
            kept_rows(make_table([("u", "p", NAN, 0, 0)]), policy)


def test_a_sum_beyond_float32_is_refused() -> None:
    with pytest.raises(DataError, match="add up to more than"):
        kept_rows(make_table([("u", "p", 3e38, time, 0) for time in range(2)]), Duplicates.sum)
