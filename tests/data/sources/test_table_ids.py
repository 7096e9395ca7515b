"""Which cells of a table are one id, which are no id, and which cannot be meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_table import csv_table, load

from graphrec_cli.config.table import MissingPolicy, Separator, TableConfig
from graphrec_cli.errors import DataError


def users(config: TableConfig) -> list[str]:
    return [str(user) for user in load(config).table.user_id]


def test_blanks_around_an_id_are_no_part_of_it(folder: Path) -> None:
    config = csv_table(folder, " user , item\n45, x\n 45,x \n45\t,\xa0x\n4 5,x\n".encode())
    table = load(config).table
    assert table.user_id.tolist() == ["45", "45", "45", "4 5"]
    assert table.item_id.tolist() == ["x", "x", "x", "x"]
    rows = [{"user": " 45", "item": "x"}, {"user": 45, "item": "x "}]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert users(TableConfig(path="a.jsonl")) == ["45", "45"]
    pq.write_table(pa.table({"user": ["45 ", "45"], "item": ["x", "y"]}), folder / "a.parquet")
    assert users(TableConfig(path="a.parquet")) == ["45", "45"]
    config.where = "item = 'x' and user != '4 5'"
    assert users(config) == ["45", "45", "45"]


def test_blanks_around_ids_and_signals_do_not_part_titles_and_signals(folder: Path) -> None:
    config = csv_table(folder, b"user,item,event\na,1 , buy\nb, 2,view \n")
    config.items_path = "items.csv"
    (folder / "items.csv").write_text("item,title\n 1,One\n2 ,Two\n")
    config.signal, config.signals = "event", ["buy", "view"]
    source = load(config)
    assert source.titles is not None
    assert source.titles[0].tolist() == ["1", "2"]
    assert source.table.signal.tolist() == [0, 1]


@pytest.mark.parametrize("id", ["'45'", "“45”", "\u201845\u2019", ' "45"', "''"])
def test_an_id_in_quotes_is_refused_unless_quotes_are_part_of_the_text(
    folder: Path, id: str
) -> None:
    config = csv_table(folder, f"item,user\na,22\nb,{id}\n".encode())
    with pytest.raises(DataError, match=r"line 3: user '.*' is in quotes; .*dataset\.quoted=false"):
        load(config)
    config.quoted = False
    assert users(config) == ["22", id.strip()]
    (folder / "a.jsonl").write_text(json.dumps({"user": id, "item": 1}))
    with pytest.raises(DataError, match=r"line 1: user .* is in quotes"):
        load(TableConfig(path="a.jsonl"))
    assert users(TableConfig(path="a.jsonl", quoted=False)) == [id.strip()]


@pytest.mark.parametrize("id", ['7"', "O'Neill", "'n' Sync", "rock 'n' roll", '"Weird Al" Y.'])
def test_quotes_within_an_id_are_kept(folder: Path, id: str) -> None:
    pq.write_table(pa.table({"user": [id], "item": ["x"]}), folder / "a.parquet")
    assert users(TableConfig(path="a.parquet")) == [id]


@pytest.mark.parametrize(
    ("id", "fault"),
    [
        ("9.78037E+12", "a number that a spreadsheet has rounded"),
        ("1e+05", "a number that a spreadsheet has rounded"),
        ('="00012"', "a formula of a spreadsheet instead of its value; remove the ="),
        ("a\ufeff", r"an id with the invisible character U\+FEFF"),
        ("4\u200b5", r"an id with the invisible character U\+200B"),
    ],
)
def test_ids_that_were_damaged_on_their_way_are_refused(folder: Path, id: str, fault: str) -> None:
    with pytest.raises(DataError, match=f"line 3: item '.*' is {fault}"):
        load(csv_table(folder, f"user,item\na,b\nc,{id}\n".encode()))


def test_a_second_file_with_a_byte_order_mark_among_the_rows_is_refused(folder: Path) -> None:
    part = "\ufeffuser,item\na,b\n"
    with pytest.raises(DataError, match=r"line 3: user .* is an id with the invisible"):
        load(csv_table(folder, (part + part).encode()))


@pytest.mark.parametrize(
    "word", ["nan", "NaN", "NULL", "null", "None", "\\N", "<NA>", "NaT", "N/A", " nan "]
)
def test_words_for_a_missing_value_are_no_ids(folder: Path, word: str) -> None:
    config = csv_table(folder, f"user,item\na,b\n{word},c\nd,{word}\n,e\n".encode())
    with pytest.raises(DataError) as refused:
        load(config)
    assert str(refused.value).endswith(
        "is the word for a missing value; dataset.on_missing=skip leaves out rows without a value, "
        "dataset.missing_ids=[] reads such a word as an id"
    )
    assert "line 3: user" in str(refused.value)
    config.on_missing = MissingPolicy.skip
    source = load(config)
    assert source.table.user_id.tolist() == ["a"]
    counts = [(step.cause, step.rows_dropped) for step in source.funnel.steps]
    assert counts == [("empty user", 2), ("empty item", 1)]
    config.missing_ids = []
    assert users(config) == ["a", word.strip(), "d"]


def test_other_words_for_a_missing_id(folder: Path) -> None:
    config = csv_table(folder, b"user,item\n-1,b\nNA,c\nnan,d\n0,e\nNONE,f\n")
    config.on_missing = MissingPolicy.skip
    assert users(config) == ["-1", "NA", "0", "NONE"]
    config.missing_ids = ["-1", "NA"]
    assert users(config) == ["nan", "0", "NONE"]


CELLS = st.text("ab1.\xa0 é", min_size=1, max_size=4)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.integers(1, 5)), min_size=1, max_size=12),
    separator=st.sampled_from([Separator.comma, Separator.tab, Separator.semicolon]),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([0, 1]),
)
def test_ids_are_those_of_an_independent_reader(
    tmp_path: Path,
    rows: list[tuple[str, str, int]],
    separator: Separator,
    newline: str,
    quoting: Literal[0, 1],
) -> None:
    rows = [row for row in rows if row[0].strip() and row[1].strip()]
    if not rows:
        return
    path = tmp_path / "ratings.csv"
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"])
    frame.to_csv(path, sep=separator.value, lineterminator=newline, index=False, quoting=quoting)
    table = load(TableConfig(path=str(path), separator=separator)).table
    read = pd.read_csv(
        path, sep=separator.value, dtype={"user": str, "item": str}, keep_default_na=False
    )
    assert table.user_id.tolist() == [user.strip() for user in read["user"]]
    assert table.item_id.tolist() == [item.strip() for item in read["item"]]
    assert table.rating.tolist() == read["rating"].tolist()
