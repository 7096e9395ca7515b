from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.dataset import KCoreConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions, RawTable
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.errors import DataError

NAN = math.nan
Row = tuple[int, int, float, int]  # user_id, item_id, rating, signal


def make_table(rows: list[Row], id_type: str = "int") -> RawTable:
    """A table whose timestamps are the row numbers, so that a result tells its rows."""

    def ids(column: int) -> NDArray[np.generic]:
        raw = np.array([row[column] for row in rows], dtype=np.int64)
        return raw if id_type == "int" else raw.astype("U20").astype(id_type)

    return RawTable(
        user_id=ids(0),
        item_id=ids(1),
        rating=np.array([row[2] for row in rows], dtype=np.float32),
        timestamp=np.arange(len(rows), dtype=np.int64),
        signal=np.array([row[3] for row in rows], dtype=np.int8),
        signal_names=("rating_pos", "to_read"),
    )


def k_core(min_user: int = 1, min_item: int = 1) -> KCoreConfig:
    return KCoreConfig(min_user_interactions=min_user, min_item_interactions=min_item)


def source_rows(result: Interactions) -> list[int]:
    assert result.timestamp is not None
    rows: list[int] = result.timestamp.tolist()
    return rows


TWELVE_ROWS: list[Row] = [
    (10, 7, 5, 0),
    (10, 8, 3, 0),  # below the threshold
    (20, 7, 4, 0),
    (20, 9, 5, 0),
    (10, 7, 4, 0),  # row 0 again, later
    (30, 9, 4, 0),  # goes in the second pass: user 30 lost item 6
    (30, 6, 5, 0),  # item 6 has one user
    (10, 9, NAN, 1),
    (20, 7, NAN, 1),  # rated in row 2
    (20, 9, NAN, 1),  # rated in row 3
    (30, 9, NAN, 1),  # rated in row 5
    (10, 8, NAN, 1),  # its rating was not positive, so it counts; item 8 has one user
]


def test_twelve_rows_by_hand() -> None:
    funnel = Funnel(12)
    result = preprocess(
        make_table(TWELVE_ROWS), rating_threshold=4.0, k_core=k_core(2, 2), funnel=funnel
    )

    assert source_rows(result) == [2, 3, 4, 7]
    assert result.users.ids.tolist() == [10, 20]
    assert result.items.ids.tolist() == [7, 9]
    assert result.user_index.tolist() == [1, 1, 0, 0]
    assert result.item_index.tolist() == [0, 1, 0, 1]
    assert result.signal.tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(result.rating, np.array([4, 5, 4, NAN], dtype=np.float32))
    assert funnel.to_dict() == {
        "rows_read": 12,
        "steps": [
            {"stage": stage, "cause": cause, "rows_dropped": dropped, "rows_left": left}
            for stage, cause, dropped, left in [
                ("threshold", "rating below 4", 1, 11),
                ("duplicates", "duplicate of the same signal (duplicates=latest)", 1, 10),
                ("merge", "pair held by a stronger signal", 3, 7),
                ("k_core", "user with fewer than 2 interactions", 1, 6),
                ("k_core", "item with fewer than 2 interactions", 2, 4),
            ]
        ],
        "rows_left": 4,
        "notes": {
            "pairs_rating_pos_after_merge": 5,
            "pairs_to_read_after_merge": 2,
            "k_core_iterations": 2,
            "k_core_users_dropped": 1,
            "k_core_items_dropped": 2,
        },
    }


def merged_by_dict(rows: list[Row], threshold: float) -> tuple[list[int], list[int]]:
    """Rows that survive threshold and merge, and rows dropped by [threshold, same, stronger]."""
    latest = {row[:2] + row[3:]: n for n, row in enumerate(rows)}
    positive = [n for n, row in enumerate(rows) if math.isnan(row[2]) or row[2] >= threshold]
    best: dict[tuple[int, int], int] = {}
    for n in sorted(set(positive) & set(latest.values()), key=lambda n: -rows[n][3]):
        best[rows[n][:2]] = n
    losers = [n for n in positive if best.get(rows[n][:2]) != n]
    weaker = sum(rows[n][:2] in best and rows[n][3] > rows[best[rows[n][:2]]][3] for n in losers)
    return sorted(best.values()), [len(rows) - len(positive), len(losers) - weaker, weaker]


def k_core_by_loops(
    rows: list[Row], kept: list[int], min_user: int, min_item: int
) -> tuple[list[int], list[int]]:
    """Rows that survive, and rows dropped by [user, item]."""
    dropped = [0, 0]
    while True:
        users = Counter(rows[n][0] for n in kept)
        items = Counter(rows[n][1] for n in kept)
        left = []
        for n in kept:
            if users[rows[n][0]] < min_user:
                dropped[0] += 1
            elif items[rows[n][1]] < min_item:
                dropped[1] += 1
            else:
                left.append(n)
        if left == kept:
            return kept, dropped
        kept = left


ROWS = st.lists(
    st.tuples(
        st.integers(-2, 3),
        st.sampled_from([0, 1, 2, 10, 2**62]),
        st.sampled_from([1.0, 3.0, 3.5, 4.0, NAN]),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=60,
)


@pytest.mark.parametrize("id_type", ["int", "U20", "O"])
@given(rows=ROWS, min_user=st.integers(1, 4), min_item=st.integers(1, 4))
def test_agrees_with_plain_loops(
    id_type: str, rows: list[Row], min_user: int, min_item: int
) -> None:
    merged, merge_drops = merged_by_dict(rows, 3.5)
    kept, core_drops = k_core_by_loops(rows, merged, min_user, min_item)
    funnel, table = Funnel(len(rows)), make_table(rows, id_type)
    if not kept:
        with pytest.raises(DataError, match=r"lower (dataset|the threshold)"):
            preprocess(
                table, rating_threshold=3.5, k_core=k_core(min_user, min_item), funnel=funnel
            )
        return

    result = preprocess(
        table, rating_threshold=3.5, k_core=k_core(min_user, min_item), funnel=funnel
    )

    assert source_rows(result) == kept
    steps = funnel.to_dict()["steps"]
    assert isinstance(steps, list)
    # A minimum of 1 keeps all, and is no step.
    core_drops = [
        drop for drop, least in zip(core_drops, (min_user, min_item), strict=True) if least > 1
    ]
    assert [step["rows_dropped"] for step in steps] == [*merge_drops, *core_drops]
    assert funnel.rows_left == len(result) == len(kept)
    for ids, index, raw in (
        (result.users.ids, result.user_index, table.user_id),
        (result.items.ids, result.item_index, table.item_id),
    ):
        assert index.dtype == np.int32
        kept_ids = np.asarray(raw)[kept].tolist()
        assert ids.tolist() == sorted(set(kept_ids))
        assert ids[index].tolist() == kept_ids


def test_a_stronger_signal_wins_even_when_it_comes_later() -> None:
    rows: list[Row] = [(1, 1, NAN, 1), (2, 2, 5, 0), (1, 1, NAN, 1), (1, 1, 4, 0), (1, 1, 5, 0)]
    funnel = Funnel(5)
    result = preprocess(make_table(rows), rating_threshold=4, k_core=k_core(), funnel=funnel)
    assert source_rows(result) == [1, 4]
    assert result.signal.tolist() == [0, 0]


def test_without_a_threshold_low_ratings_stay() -> None:
    funnel = Funnel(2)
    result = preprocess(
        make_table([(1, 1, 0.5, 0), (1, 2, 5, 0)]),
        rating_threshold=None,
        k_core=k_core(),
        funnel=funnel,
    )
    assert source_rows(result) == [0, 1]


def test_ids_of_nineteen_digits_survive() -> None:
    big = 9_223_372_036_854_775_807
    rows: list[Row] = [(big, -big, 5, 0), (big - 1, -big, 5, 0)]
    result = preprocess(make_table(rows), rating_threshold=4, k_core=k_core(), funnel=Funnel(2))
    assert result.users.ids.tolist() == [big - 1, big]
    assert result.user_index.tolist() == [1, 0]
    assert result.items.ids.tolist() == [-big]


def test_a_long_chain_is_peeled_to_nothing() -> None:
    # A path u0-i0-u1-i1-...: each pass of the 2-core can only take its two ends.
    rows: list[Row] = []
    for n in range(10):
        rows += [(n, n, 5, 0), (n + 1, n, 5, 0)]
    with pytest.raises(
        DataError, match=r"is left if every user must have 2 and every item 2; lower"
    ):
        preprocess(make_table(rows), rating_threshold=4, k_core=k_core(2, 2), funnel=Funnel(20))


def test_a_closed_chain_is_its_own_core_and_loses_its_tail() -> None:
    rows: list[Row] = []
    for n in range(10):
        rows += [(n, n, 5, 0), ((n + 1) % 10, n, 5, 0)]
    tail: list[Row] = [(0, 50, 5, 0), (60, 50, 5, 0), (60, 51, 5, 0)]
    funnel = Funnel(23)
    result = preprocess(
        make_table([*tail, *rows]), rating_threshold=4, k_core=k_core(2, 2), funnel=funnel
    )
    assert source_rows(result) == list(range(3, 23))
    notes = funnel.to_dict()["notes"]
    assert isinstance(notes, dict)
    # Item 51 goes first, then user 60, then item 50.
    assert notes["k_core_iterations"] == 3
    assert (notes["k_core_users_dropped"], notes["k_core_items_dropped"]) == (1, 2)


def test_refuses_an_empty_table() -> None:
    with pytest.raises(DataError, match="no interactions"):
        preprocess(make_table([]), rating_threshold=4, k_core=k_core(), funnel=Funnel(0))


def test_names_the_highest_rating_when_none_reaches_the_threshold() -> None:
    rows: list[Row] = [(1, 1, 3.5, 0), (1, 2, 2, 0)]
    with pytest.raises(DataError, match=r"at least 4 \(the highest is 3.5\); lower dataset.rating"):
        preprocess(make_table(rows), rating_threshold=4, k_core=k_core(), funnel=Funnel(2))


def test_refuses_empty_ids() -> None:
    rows = make_table([(1, 1, 5, 0), (2, 1, 5, 0)])
    holed = RawTable(
        user_id=np.array(["a", None], dtype=object),
        item_id=rows.item_id,
        rating=rows.rating,
        timestamp=None,
        signal=rows.signal,
        signal_names=rows.signal_names,
    )
    with pytest.raises(DataError, match="user_id has empty ids"):
        preprocess(holed, rating_threshold=4, k_core=k_core(), funnel=Funnel(2))


def test_refuses_a_funnel_that_misses_rows_of_the_table() -> None:
    with pytest.raises(DataError, match="does not add up"):
        preprocess(make_table(TWELVE_ROWS), rating_threshold=4, k_core=k_core(), funnel=Funnel(13))
