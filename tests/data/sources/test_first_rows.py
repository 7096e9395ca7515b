"""Faults of the first rows are found before a table is read whole, in every format."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_table import load

from graphrec_cli.config.adjacency_list import AdjacencyListConfig
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.dataset import DatasetConfig, Duplicates
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.split import (
    GlobalTimeConfig,
    HeldOutBy,
    LeaveOneOutConfig,
    RatioConfig,
    ShareBy,
    SplitConfig,
)
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import DataError
from graphrec_cli.preparation import check_data

FLAT = '; write one flat object per line, as in {"user": "u1", "item": "i1"}'
ROW = {"user": "a", "item": "b", "rating": 3}
LATE = [json.dumps(ROW)] * 1_000


def run_with(dataset: DatasetConfig, split: SplitConfig) -> RunConfig:
    return replace(compose_run(sort_arguments([])).config, dataset=dataset, split=split)


def refused_as_whole(config: TableConfig) -> str:
    """The error of the first rows, which is also that of the whole table."""
    with pytest.raises(DataError) as early:
        TABLE.check(config, data_dir=Path("data"))
    with pytest.raises(DataError) as whole:
        load(config)
    assert str(early.value) == str(whole.value)
    return str(early.value)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [json.dumps({"user": {"id": "a"}, "item": "b"})],
            f"needed; name a value in it, such as user.id, or {FLAT[2:]}",
        ),
        ([json.dumps({"user": ["a"], "item": "b"})], f"user is a list or an object .*{FLAT}"),
        ([json.dumps(ROW), json.dumps({"user": "a"})], "line 2: item '' is empty"),
        ([json.dumps(ROW), json.dumps(ROW | {"rating": "x"})], "line 2: rating 'x' is not"),
        ([json.dumps({"data": [ROW, ROW]})], f"is one object with the rows inside, in data{FLAT}"),
        ([json.dumps({"n": 1, "data": [ROW]})], f"the rows inside, in n, data{FLAT}"),
        ([json.dumps({"a": {"b": 3}, "c": {"b": 2}})], f"the rows inside, in a, c{FLAT}"),
        ([json.dumps([ROW, ROW])], f"line 1: not a JSON object{FLAT}"),
        (["[", json.dumps(ROW), "]"], f"line 1: not a JSON object on one line.*{FLAT}"),
        (["{", '"user": 1, "item": 2', "}"], f"line 1: not a JSON object on one line.*{FLAT}"),
    ],
)
def test_json_that_is_not_one_flat_object_a_line(
    folder: Path, lines: list[str], message: str
) -> None:
    (folder / "a.json").write_text("\n".join(lines))
    pattern = message.replace("{", r"\{").replace("}", r"\}")
    assert re.search(pattern, refused_as_whole(TableConfig(path="a.json")))


def test_a_fault_of_json_further_down_is_found_on_reading(folder: Path) -> None:
    (folder / "a.jsonl").write_text("\n".join([*LATE, json.dumps({"user": "a"})]))
    TABLE.check(TableConfig(path="a.jsonl"), data_dir=folder)
    with pytest.raises(DataError, match="line 1001: item '' is empty"):
        load(TableConfig(path="a.jsonl"))


@pytest.mark.parametrize("rows", [3, 1_500])
def test_the_first_rows_of_parquet(folder: Path, rows: int) -> None:
    users = [None, *["a"] * (rows - 1)]
    pq.write_table(pa.table({"user": users, "item": ["b"] * rows}), folder / "a.parquet")
    assert "a.parquet, row 1: user is empty" in refused_as_whole(TableConfig(path="a.parquet"))
    pq.write_table(pa.table({"user": users[::-1], "item": ["b"] * rows}), folder / "a.parquet")
    if rows > 1_000:
        TABLE.check(TableConfig(path="a.parquet"), data_dir=folder)
    with pytest.raises(DataError, match=f"row {rows}: user is empty"):
        load(TableConfig(path="a.parquet"))


def test_the_first_rows_of_text_with_quotes_and_of_titles(folder: Path) -> None:
    (folder / "a.csv").write_text('user,item\n"a","b"\n"c\nd",e\n')
    message = refused_as_whole(TableConfig(path="a.csv"))
    assert message.startswith("a.csv, line 3: user has a line break between quotes")
    (folder / "a.csv").write_text('user,item\n"a","b"\n')
    (folder / "titles.csv").write_text("item,title\nb,One\n,Two\n")
    config = TableConfig(path="a.csv", items_path="titles.csv")
    assert refused_as_whole(config).startswith("titles.csv, line 3: item '' is empty")


@pytest.mark.parametrize(
    ("split", "word"),
    [
        (LeaveOneOutConfig(by=HeldOutBy.time), "split.by=time"),
        (RatioConfig(by=ShareBy.time), "split.by=time"),
        (GlobalTimeConfig(), "split=global_time"),
        (LeaveOneOutConfig(), None),
        (RatioConfig(by=ShareBy.time, test_ratio=0, valid_ratio=0), None),
    ],
)
def test_a_split_by_time_needs_a_column_of_times(
    folder: Path, split: SplitConfig, word: str | None
) -> None:
    (folder / "a.csv").write_text("user,item,when\na,b,1500000000\n")
    dataset = TableConfig(path="a.csv")
    if word is None:
        check_data(run_with(dataset, split))
        return
    named = rf"^{word} needs timestamps: a\.csv has no column with a known name for "
    with pytest.raises(DataError, match=f"{named}.*dataset.timestamp=NAME .*user, item, when"):
        check_data(run_with(dataset, split))
    dataset.timestamp = "when"
    check_data(run_with(dataset, split))
    dataset.timestamp = ""
    with pytest.raises(DataError, match=f"^{word} needs timestamps: dataset.timestamp='' reads"):
        check_data(run_with(dataset, split))


def test_the_earliest_of_duplicates_needs_times_too(folder: Path) -> None:
    (folder / "a.csv").write_text("user,item\na,b\n")
    dataset = TableConfig(path="a.csv", duplicates=Duplicates.earliest)
    with pytest.raises(DataError, match=r"^dataset\.duplicates=earliest needs timestamps: a\.csv"):
        check_data(run_with(dataset, LeaveOneOutConfig()))


def test_adjacency_lists_have_no_times(folder: Path) -> None:
    for name in ("train.txt", "test.txt"):
        (folder / name).write_text(f"0 {1 + len(name)}\n")
    config = run_with(AdjacencyListConfig(folder="."), GlobalTimeConfig())
    with pytest.raises(DataError, match="and dataset=adjacency_list has none; remove split=glob"):
        check_data(config)


@pytest.mark.parametrize(
    "header",
    ["userId,movieId", "u,i", "USER , Item", '"User-ID","ISBN"', "movieId,userId", "userId,code"],
)
@pytest.mark.parametrize("rows", ["a,b\n", ""])
def test_a_header_line_that_is_read_as_data(folder: Path, header: str, rows: str) -> None:
    (folder / "a.csv").write_text(f"{header}\n{rows}")
    config = TableConfig(path="a.csv", columns=["u", "i"], user="u", item="i")
    message = refused_as_whole(config)
    assert "row 1 has the names of the columns instead of ids" in message
    assert "remove it, or dataset.columns" in message
    with pytest.raises(DataError, match="row 1 has the names of the columns"):
        load(config)


def test_names_that_nobody_knows_above_numbers_are_a_header_line(folder: Path) -> None:
    config = TableConfig(path="a.csv", columns=["user", "item"])
    (folder / "a.csv").write_text("reader,code\n1,2\n3,4\n")
    assert "row 1 has the names of the columns instead of ids" in refused_as_whole(config)
    (folder / "a.csv").write_text("1,2\nreader,code\n3,4\n")
    assert load(config).table.user_id.tolist() == ["1", "reader", "3"]


def test_a_header_line_of_a_test_file_alone(folder: Path) -> None:
    (folder / "a.csv").write_text("1,2\n3,4\n")
    (folder / "test.csv").write_text("userId,movieId\n1,4\n")
    config = TableConfig(path="a.csv", test_path="test.csv", columns=["user", "item"])
    assert refused_as_whole(config).startswith("test.csv: row 1 has the names of the columns")


def test_ids_that_are_words_for_users_are_ids(folder: Path) -> None:
    (folder / "a.csv").write_text("user,item\nuser,book\n")
    assert load(TableConfig(path="a.csv")).table.user_id.tolist() == ["user"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("n > 1", "line 3: n 'kg' is not a number, but dataset.where compares it with one"),
        ("day > '2024-01-01'", "a.csv: dataset.where orders day by '2024-01-01', but '31.01.2024'"),
        (
            "plays > '5'",
            "a.csv: dataset.where compares plays with the text '5', but the column has",
        ),
        ("rating = 'x' and plays < '5'", "compares plays with the text '5', but the column has"),
        ("other = 1", "a.csv has no column 'other', which dataset.where names"),
    ],
)
def test_a_condition_that_does_not_fit_the_first_rows(
    folder: Path, where: str, message: str
) -> None:
    head = "user,item,n,day,plays,rating\n"
    (folder / "a.csv").write_text(f"{head}a,b,9,31.01.2024,7,1\nc,d,kg,01.02.2024,8,2\n")
    assert message in refused_as_whole(TableConfig(path="a.csv", where=where))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_a_condition_on_another_kind_of_column_of_other_formats(folder: Path, suffix: str) -> None:
    path = folder / f"a.{suffix}"
    if suffix == "jsonl":
        path.write_text(json.dumps(ROW) + "\n" + json.dumps(ROW | {"rating": "4"}))
    else:
        pq.write_table(pa.table({"user": ["a"], "item": ["b"], "rating": [3]}), path)
    message = refused_as_whole(TableConfig(path=path.name, where="rating > '2'"))
    assert "compares rating with the text '2', but the column has numbers" in message


@pytest.mark.parametrize("rows", [3, 1_500])
@pytest.mark.parametrize("where", ["n > '1'", "t >= '2022-01-01' or n = 1"])
def test_numbers_that_are_ordered_as_texts_in_a_long_table(
    folder: Path, where: str, rows: int
) -> None:
    lines = "".join(f"u{n},i,{n},{1_500_000_000 + n}\n" for n in range(rows))
    (folder / "a.csv").write_text(f"user,item,n,t\n{lines}")
    message = refused_as_whole(TableConfig(path="a.csv", where=where))
    assert "but the column has numbers; write a number without quotes" in message


def test_what_later_rows_decide_is_not_refused_by_the_first(folder: Path) -> None:
    rows = "".join(f"u{n},i,{n}\n" for n in range(1_500))
    (folder / "a.csv").write_text(f"user,item,code\n{rows}z,i,x9\n")
    config = TableConfig(path="a.csv", where="code >= 'a'")
    TABLE.check(config, data_dir=folder)
    assert load(config).table.user_id.tolist() == ["z"]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        ("varchar(20),int", "types or units"),
        ('"NVARCHAR (max)",bigint', "types or units"),
        ("string,text[]", "types or units"),
        ("'token',uint64".replace("'", ""), "types or units"),
        ("[-],[-]", "types or units"),
        ("User ID,ITEM", "the names"),
    ],
)
@pytest.mark.parametrize("above", ["", "a,b\n"])
def test_types_and_names_below_the_header_line_are_no_ids(
    folder: Path, cells: str, what: str, above: str
) -> None:
    (folder / "a.csv").write_text(f"user_id,item\n{above}{cells}\nann,bread\nbob,milk\n")
    message = refused_as_whole(TableConfig(path="a.csv"))
    row = 2 if above else 1
    assert f"a.csv: row {row} has {what} of the columns instead of ids" in message
    kept = load(TableConfig(path="a.csv", where="user_id in ('ann', 'bob')"))
    assert kept.table.user_id.tolist() == ["ann", "bob"]
    (folder / "a.csv").write_text(f"user_id,item\nann,bread\nbob,milk\n{cells}\n")
    assert len(load(TableConfig(path="a.csv")).table) == 3


@pytest.mark.parametrize(
    "cells",
    ["int,bread", "ann,date", "-,-", "[deleted],[removed]", "1,2", "times,dates", "time-1,x"],
)
def test_ids_that_are_no_types(folder: Path, cells: str) -> None:
    (folder / "a.csv").write_text(f"user,item\n{cells}\n")
    config = TableConfig(path="a.csv")
    TABLE.check(config, data_dir=folder)
    assert len(load(config).table) == 1


def test_types_in_parquet_are_no_ids(folder: Path) -> None:
    columns = {"user": ["varchar", "a"], "item": ["int", "b"]}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    with pytest.raises(DataError, match="row 1 has types or units of the columns instead of ids"):
        load(TableConfig(path="a.parquet"))
