"""Counts of tables, degrees and splits against plain counting."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import RawTable, UserItems
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.splits.split import Split
from graphrec_cli.data.summary import (
    DEGREE_PERCENTS,
    EXAMPLE_PAIRS,
    POPULAR_PERCENTS,
    describe_degrees,
    describe_pairs,
    describe_ratings,
    describe_split,
    describe_table,
)
from graphrec_cli.data.tables.titles import read_titles

PAIRS = st.lists(st.tuples(st.integers(1, 4), st.integers(7, 10)), min_size=1, max_size=30)
DEGREES = npst.arrays(np.int64, st.integers(1, 300), elements=st.integers(1, 50))


def source_of(
    pairs: list[tuple[int, int]],
    *,
    dtype: type = np.int64,
    timestamp: list[int] | None = None,
    titles: tuple[NDArray[np.generic], NDArray[np.character]] | None = None,
) -> SourceData:
    rows = np.array(pairs)
    table = RawTable(
        user_id=rows[:, 0].astype(dtype),
        item_id=rows[:, 1].astype(dtype),
        rating=np.full(len(rows), np.nan, dtype=np.float32),
        timestamp=None if timestamp is None else np.array(timestamp, dtype=np.int64),
        signal=(np.arange(len(rows)) % 2).astype(np.int8),
        signal_names=("bought", "seen"),
    )
    return SourceData(
        table=table, funnel=Funnel(len(rows)), titles=titles, files=(), preferences=None
    )


@given(pairs=PAIRS, dtype=st.sampled_from([np.int64, np.str_]))
def test_a_table_is_counted_as_by_hand(pairs: list[tuple[int, int]], dtype: type) -> None:
    table = describe_table(source_of(pairs, dtype=dtype))
    assert table["rows"] == len(pairs)
    assert table["users"] == len({user for user, _ in pairs})
    assert table["items"] == len({item for _, item in pairs})
    bought = math.ceil(len(pairs) / 2)
    assert table["rows_by_signal"] == {"bought": bought, "seen": len(pairs) - bought}
    shown = [(row["user_id"], row["item_id"]) for row in table["first_rows"]]
    assert shown == [(str(user), str(item)) for user, item in pairs[:5]]

    repeated = {pair: times for pair, times in Counter(pairs).items() if times > 1}
    duplicates = table["duplicates"]
    assert (duplicates["pairs"], duplicates["rows"]) == (len(repeated), sum(repeated.values()))
    assert len(duplicates["examples"]) == min(len(repeated), EXAMPLE_PAIRS)
    for rows, (pair, times) in zip(duplicates["examples"], repeated.items(), strict=False):
        places = [place for place, other in enumerate(pairs, start=1) if other == pair]
        assert [row["row"] for row in rows] == places[:4]
        assert len(rows) == min(times, 4)
        assert {(row["user_id"], row["item_id"]) for row in rows} == {(str(pair[0]), str(pair[1]))}


def test_titles_stand_with_their_items_and_times_are_dates(tmp_path: Path) -> None:
    (tmp_path / "books.csv").write_text("id,title\n9,Nine\n7,Seven\n8,\n", encoding="utf-8")
    titles = read_titles(tmp_path / "books.csv", {"id": "id"}, "title")
    times = [0, 951_782_400 * 10**9 + 123_450_000, -(10**9), 2**62]
    source = source_of([(1, 7), (1, 8), (2, 9), (2, 10)], timestamp=times, titles=titles)
    table = describe_table(source)
    assert [row["title"] for row in table["first_rows"]] == ["Seven", "", "Nine", None]
    assert [row["time"] for row in table["first_rows"]] == [
        "1970-01-01 00:00:00",
        "2000-02-29 00:00:00.12345",
        "1969-12-31 23:59:59",
        "2116-02-20 23:53:38.427387904",
    ]
    stamps = [row["timestamp"] for row in table["first_rows"]]
    assert stamps == [0, 951_782_400.12345, -1, 4_611_686_018.427387904]
    assert [type(stamp) for stamp in stamps] == [int, float, int, float]
    assert table["timestamps"] == {
        "first": -1,
        "last": 4_611_686_018.427387904,
        "first_time": "1969-12-31 23:59:59",
        "last_time": "2116-02-20 23:53:38.427387904",
        "precision": "nanosecond",
    }


@pytest.mark.parametrize(
    ("precision", "step"),
    [
        ("day", 86_400 * 10**9),
        ("second", 10**9),
        ("second", 3600 * 10**9),
        ("millisecond", 10**6),
        ("microsecond", 10**3),
        ("nanosecond", 1),
    ],
)
def test_the_finest_precision_of_the_times(precision: str, step: int) -> None:
    table = describe_table(source_of([(1, 7), (2, 8)], timestamp=[0, 7 * step]))
    assert table["timestamps"]["precision"] == precision


def test_few_ratings_are_counted_one_by_one() -> None:
    rating = np.array([4.5, np.nan, 1, 4.5, 0.5], dtype=np.float32)
    described = describe_ratings(rating)
    assert described is not None
    assert described["histogram"] == [
        {"low": 0.5, "high": 0.5, "rows": 1},
        {"low": 1.0, "high": 1.0, "rows": 1},
        {"low": 4.5, "high": 4.5, "rows": 2},
    ]
    assert (described["rows_with"], described["rows_without"]) == (4, 1)
    assert described["mean"] == pytest.approx(10.5 / 4)


def test_many_ratings_are_counted_in_ranges() -> None:
    described = describe_ratings(np.arange(0, 101, dtype=np.float32))
    assert described is not None
    bars = described["histogram"]
    assert [(bar["low"], bar["high"]) for bar in bars] == [
        (10.0 * n, 10.0 * (n + 1)) for n in range(10)
    ]
    assert [bar["rows"] for bar in bars] == [10] * 9 + [11]


def test_no_ratings_are_none() -> None:
    assert describe_ratings(np.full(3, np.nan, dtype=np.float32)) is None


@given(degree=DEGREES)
def test_a_quantile_is_the_smallest_degree_that_enough_reach(degree: NDArray[np.int64]) -> None:
    described = describe_degrees(degree)
    ascending = sorted(degree.tolist())
    assert (described["min"], described["max"]) == (ascending[0], ascending[-1])
    assert described["mean"] == pytest.approx(sum(ascending) / len(ascending))
    for percent in DEGREE_PERCENTS:
        place = -(-len(ascending) * percent // 100)
        assert described[f"p{percent}"] == ascending[place - 1]


@given(item_degree=DEGREES, data=st.data())
def test_the_share_of_the_popular_items(
    item_degree: NDArray[np.int64], data: st.DataObject
) -> None:
    pairs = int(item_degree.sum())
    user_degree = np.bincount(np.arange(pairs) % data.draw(st.integers(1, pairs)))
    described = describe_pairs(user_degree, item_degree)
    assert described["pairs"] == pairs
    assert described["density"] == pytest.approx(pairs / len(user_degree) / len(item_degree))
    most_popular = sorted(item_degree.tolist(), reverse=True)
    for percent, top in zip(POPULAR_PERCENTS, described["popular"], strict=True):
        assert top["percent"] == percent
        assert top["items"] == math.ceil(len(most_popular) * percent / 100)
        assert top["share"] == pytest.approx(sum(most_popular[: top["items"]]) / pairs)


@given(
    pairs=st.dictionaries(
        st.tuples(st.integers(0, 5), st.integers(0, 6)), st.integers(0, 2), min_size=1
    )
)
def test_the_cold_are_those_that_train_never_saw(pairs: dict[tuple[int, int], int]) -> None:
    chosen = [[pair for pair, part in pairs.items() if part == number] for number in range(3)]

    def part(number: int) -> UserItems:
        table = np.array(chosen[number], dtype=np.int64).reshape(-1, 2)
        return UserItems.from_pairs(table[:, 0], table[:, 1], num_users=6, num_items=7)

    split = Split(
        train=part(0),
        valid=part(1) if chosen[1] else None,
        test=part(2),
        users=IdMap(np.arange(6)),
        items=IdMap(np.arange(7)),
    )
    described = describe_split(split)
    known_users = {user for user, _ in chosen[0]}
    known_items = {item for _, item in chosen[0]}
    assert described["catalog_items"] == len(known_items)
    assert described["hash"] == split.hash()
    assert (described["valid"] is None) == (not chosen[1])
    for name, its_pairs in zip(("train", "valid", "test"), chosen, strict=True):
        if described[name] is None:
            continue
        users = {user for user, _ in its_pairs}
        items = {item for _, item in its_pairs}
        cold = [
            (user, item)
            for user, item in its_pairs
            if user not in known_users or item not in known_items
        ]
        assert described[name] == {
            "pairs": len(its_pairs),
            "users": len(users),
            "items": len(items),
            "cold_users": len(users - known_users),
            "cold_items": len(items - known_items),
            "cold_pairs": len(cold),
        }
