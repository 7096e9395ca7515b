"""Random tables against an independent reader: ids, order of times, and rows in any order."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.dataset import KCoreConfig
from graphrec_cli.config.split import GlobalTimeConfig, HeldOutBy, LeaveOneOutConfig
from graphrec_cli.config.table import TableConfig, TimeUnit
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.data.splits.global_time import global_time_split
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.split import Split

Row = tuple[str, str, Decimal]
IDS = st.sampled_from(["007", "7", "1e5", "NA", "é", "a b", "x,y", "9" * 19, " pad "])
PLACES = {TimeUnit.s: 9, TimeUnit.ms: 6, TimeUnit.us: 3, TimeUnit.ns: 0}


@st.composite
def tables(draw: st.DrawFn, *, repeated: bool = False) -> tuple[TimeUnit, list[Row]]:
    """A unit and at least three items for at least two users; pairs occur once or repeatedly."""
    unit = draw(st.sampled_from(list(PLACES)))
    base = Decimal(1_500_000_000).scaleb(9 - PLACES[unit])
    step = Decimal(1).scaleb(-draw(st.integers(0, PLACES[unit])))
    users = draw(st.lists(IDS, min_size=2, max_size=5, unique=True))
    rows = [
        (user, item, base + step * draw(st.integers(0, 20)))
        for user in users
        for item in draw(st.lists(IDS, min_size=3, unique=True))
    ]
    if repeated:
        again = draw(st.lists(st.sampled_from(rows), max_size=5))
        rows += [(user, item, time + step * draw(st.integers(-9, 9))) for user, item, time in again]
    return unit, draw(st.permutations(rows))


def read(
    folder: Path, rows: list[Row], unit: TimeUnit
) -> tuple[Interactions, list[tuple[str, str]]]:
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([("user", "item", "time"), *((u, i, f"{t:f}") for u, i, t in rows)])
    source = TABLE.read(TableConfig(path=str(path), time_unit=unit), data_dir=folder, seed=0)
    ids = zip(source.table.user_id.tolist(), source.table.item_id.tolist(), strict=True)
    k_core = KCoreConfig(min_user_interactions=1, min_item_interactions=1)
    interactions = preprocess(
        source.table, rating_threshold=None, k_core=k_core, funnel=source.funnel
    )
    return interactions, [(str(user), str(item)) for user, item in ids]


def split_of(folder: Path, rows: list[Row], unit: TimeUnit, by: HeldOutBy | None) -> Split:
    interactions, _ = read(folder, rows, unit)
    rng = np.random.default_rng(0)
    funnel = TABLE.read(
        TableConfig(path=str(folder / "table.csv"), time_unit=unit), data_dir=folder, seed=0
    ).funnel
    if by is None:
        config = GlobalTimeConfig(test_ratio=0.4, valid_ratio=0)
        return global_time_split(interactions, config, rng=rng, funnel=funnel)
    return leave_one_out(interactions, LeaveOneOutConfig(by=by, valid=0), rng=rng, funnel=funnel)


@pytest.mark.slow
@given(table=tables(repeated=True), seed=st.integers(0, 99), by=st.sampled_from(["random", "time"]))
def test_the_order_of_the_rows_changes_no_split(
    tmp_path: Path, table: tuple[TimeUnit, list[Row]], seed: int, by: str
) -> None:
    unit, rows = table
    shuffled = random.Random(seed).sample(rows, len(rows))
    first = split_of(tmp_path, rows, unit, HeldOutBy[by])
    assert split_of(tmp_path, shuffled, unit, HeldOutBy[by]).hash() == first.hash()


@pytest.mark.slow
@given(table=tables())
def test_ids_are_as_written_without_blanks_and_the_newest_item_is_held_out(
    tmp_path: Path, table: tuple[TimeUnit, list[Row]]
) -> None:
    unit, rows = table
    interactions, ids = read(tmp_path, rows, unit)
    assert ids == [(user.strip(), item.strip()) for user, item, _ in rows]
    assert interactions.timestamp is not None
    found = interactions.timestamp
    for place, (_, _, time) in enumerate(rows):
        assert [int(other) for other in np.sign(found - found[place])] == [
            (other > time) - (other < time) for _, _, other in rows
        ]
    newest: dict[str, list[Decimal]] = defaultdict(list)
    for user, _, time in rows:
        newest[user.strip()].append(time)
    split = split_of(tmp_path, rows, unit, HeldOutBy.time)
    times = {(user.strip(), item.strip()): time for user, item, time in rows}
    for row, column in zip(split.test.user_index(), split.test.item_index, strict=True):
        user, item = str(split.users.ids[row]), str(split.items.ids[column])
        assert times[user, item] == max(newest[user])


@pytest.mark.parametrize(
    ("unit", "times"),
    [
        (TimeUnit.ms, ["1500000000900", "1500000000500", "1500000000300", "1500000000100"]),
        (TimeUnit.auto, ["1500000000.9", "1500000000.5", "1500000000.3", "1500000000.1"]),
        (TimeUnit.auto, [f"2017-07-14 02:40:00.{digit}" for digit in "9531"]),
        (TimeUnit.auto, [f"150000000000000000{digit}" for digit in "9531"]),
    ],
)
@pytest.mark.parametrize("by", [HeldOutBy.time, None])
def test_times_within_one_second_keep_their_order(
    tmp_path: Path, unit: TimeUnit, times: list[str], by: HeldOutBy | None
) -> None:
    path = tmp_path / "table.csv"
    rows = [(f"u{user}", str(3 - step), times[step]) for user in range(20) for step in range(4)]
    path.write_text("\n".join(["user,item,time", *map(",".join, rows)]), encoding="utf-8")
    source = TABLE.read(TableConfig(path=str(path), time_unit=unit), data_dir=tmp_path, seed=0)
    k_core = KCoreConfig(min_user_interactions=1, min_item_interactions=1)
    pairs = preprocess(source.table, rating_threshold=None, k_core=k_core, funnel=source.funnel)
    rng = np.random.default_rng(0)
    if by is None:
        options = GlobalTimeConfig(test_ratio=0.25, valid_ratio=0.25)
        split = global_time_split(pairs, options, rng=rng, funnel=source.funnel)
    else:
        held_out = LeaveOneOutConfig(by=by, valid=1)
        split = leave_one_out(pairs, held_out, rng=rng, funnel=source.funnel)
    assert split.valid is not None
    assert set(split.items.ids[split.test.item_index].tolist()) == {"3"}
    assert set(split.items.ids[split.valid.item_index].tolist()) == {"2"}
    assert split.test.num_pairs == split.valid.num_pairs == 20
