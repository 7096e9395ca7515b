"""Ratings that float32 does not hold: which rows they choose, and how parts are made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_cli.config.dataset import Duplicates
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import HeldOutBy, LeaveOneOutConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError
from graphrec_cli.preparation import find_files, read_and_split
from graphrec_cli.rundir.drop_report import DropReport

FIRST_ROUNDED = 2**24
"""float32 rounds the whole number after it."""


def split_of(path: Path, *, by: HeldOutBy = HeldOutBy.random, **keys: Any) -> Split:
    config = RunConfig(
        dataset=TableConfig(path=str(path), **keys),
        split=LeaveOneOutConfig(by=by, valid=0, min_interactions=2),
    )
    config.dataset.k_core.min_user_interactions = config.dataset.k_core.min_item_interactions = 1
    return read_and_split(config, find_files(config), DropReport())[1].split


def items_of(split: Split, part: str) -> list[str]:
    return [str(split.items.ids[item]) for item in split.parts()[part].item_index]


def write(path: Path, rows: list[tuple[str, int]], suffix: str = "") -> Path:
    lines = [f"a,{item},{rating}{suffix}\n" for item, rating in rows]
    path.write_text("user,item,rating\n" + "".join(lines))
    return path


@pytest.mark.parametrize("suffix", ["", ".5"])
def test_the_threshold_is_compared_exactly(tmp_path: Path, suffix: str) -> None:
    above = FIRST_ROUNDED + 1
    path = write(tmp_path / "a.csv", [("p", above - 1), ("q", above), ("r", above + 1)], suffix)
    split = split_of(path, rating_threshold=float(f"{above}{suffix}"))
    assert split.items.ids.tolist() == ["q", "r"]
    with pytest.raises(DataError, match=rf"at least {above + 2}\.5 \(the highest is {above + 1}"):
        split_of(path, rating_threshold=above + 2.5)


def test_the_highest_rated_item_is_held_out(tmp_path: Path) -> None:
    rows = [("p", FIRST_ROUNDED + 1), ("q", FIRST_ROUNDED)]
    for number, order in enumerate((rows, rows[::-1])):
        split = split_of(write(tmp_path / f"{number}.csv", order), by=HeldOutBy.rating)
        assert (items_of(split, "test"), items_of(split, "train")) == (["p"], ["q"])


@pytest.mark.parametrize("policy", [Duplicates.highest, Duplicates.latest])
def test_the_highest_of_a_pairs_rows_stands_for_it(tmp_path: Path, policy: Duplicates) -> None:
    rows = [("p", FIRST_ROUNDED), ("p", FIRST_ROUNDED + 1), ("q", FIRST_ROUNDED + 2)]
    for number, order in enumerate((rows, rows[::-1])):
        path = write(tmp_path / f"{number}.csv", order)
        split = split_of(path, duplicates=policy, rating_threshold=FIRST_ROUNDED + 1)
        assert split.items.ids.tolist() == ["p", "q"]


def test_sums_of_whole_numbers_are_exact(tmp_path: Path) -> None:
    rows = [("p", FIRST_ROUNDED), ("p", 1), ("q", FIRST_ROUNDED), ("q", 2)]
    path = write(tmp_path / "a.csv", [*rows, ("r", FIRST_ROUNDED)])
    split = split_of(path, duplicates=Duplicates.sum, rating_threshold=FIRST_ROUNDED + 1)
    assert split.items.ids.tolist() == ["p", "q"]


def test_sums_of_fractions_reach_a_threshold_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user,item,rating\na,p,0.1\na,p,0.7\na,q,0.8\na,r,0.79\n")
    split = split_of(path, duplicates=Duplicates.sum, rating_threshold=0.8)
    assert split.items.ids.tolist() == ["p", "q"]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64(), pa.decimal128(4, 2)])
def test_ratings_of_parquet_reach_a_threshold_as_written(tmp_path: Path, kind: pa.DataType) -> None:
    ratings = pa.array([4.1, 4.0, 4.2]).cast(kind)
    table = {"user": ["a"] * 3, "item": ["p", "q", "r"], "rating": ratings}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    split = split_of(tmp_path / "a.parquet", rating_threshold=4.1)
    assert split.items.ids.tolist() == ["p", "r"]
    stored = np.concatenate([part.rating for part in split.parts().values()])
    assert stored.dtype == np.float32
    assert set(stored.tolist()) == set(np.array([4.1, 4.2], dtype=np.float32).tolist())
