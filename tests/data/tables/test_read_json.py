"""JSON lines: keys of any row, truth values, and blanks between the signs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.data.tables import read_json
from graphrec_cli.data.tables.read_json import ROWS_OF_KINDS, json_kinds
from graphrec_cli.errors import DataError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(rows: list[dict[str, Any]], name: str = "a.jsonl") -> TableConfig:
    Path(name).write_text("\n".join(json.dumps(row) for row in rows))
    return TableConfig(path=name)


@pytest.mark.parametrize("early", [{}, {"rating": None}, {"meta": {"rating": 1}}])
def test_a_key_that_first_appears_far_down_is_a_column(early: dict[str, Any]) -> None:
    rows = [{"user": n, "item": n} | early for n in range(ROWS_OF_KINDS + 5)]
    late = {"user": "last", "item": 1, "rating": 4.5, "timestamp": 1_600_000_000}
    config = write([*rows, late])
    with pytest.raises(DataError, match=r"line 1: rating '' is empty; dataset\.on_missing=skip"):
        TABLE.check(config, data_dir=Path())
    config.on_missing = MissingPolicy.skip
    source = TABLE.read(config, data_dir=Path(), seed=0)
    assert source.table.user_id.tolist() == ["last"]
    assert source.table.rating.tolist() == [4.5]
    assert source.table.timestamp is not None
    config.rating = config.timestamp = ""
    table = TABLE.read(config, data_dir=Path(), seed=0).table
    assert len(table) == len(rows) + 1
    assert all(map(math.isnan, table.rating.tolist()))


KEYS = st.sampled_from(["user", "a b", 'q"q', "b\\", "\u0446", "rating", ":", ", ", "{", "x\ny"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text('":,{}\\a', max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=3,
)


@given(
    rows=st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=8),
    escaped=st.booleans(),
    between=st.sampled_from([": ", ":", " :\t"]),
)
def test_the_columns_are_the_keys_of_all_rows(
    rows: list[dict[str, Any]], escaped: bool, between: str
) -> None:
    path = Path("keys.jsonl")
    lines = (json.dumps(row, ensure_ascii=escaped, separators=(", ", between)) for row in rows)
    path.write_text("\n".join(['{"user": 1, "item": 2}', *lines]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_json, "ROWS_OF_KINDS", 1)
        kinds = json_kinds(path)
    assert kinds.keys() == {"user", "item"}.union(*rows)


@pytest.mark.parametrize("key", ["user", "item", "rating"])
@pytest.mark.parametrize("value", [True, False])
def test_a_truth_value_is_neither_an_id_nor_a_rating(key: str, value: bool) -> None:
    row = {"user": 1, "item": 2, "rating": 3, "sold": True}
    config = write([row, row | {key: value}])
    for read in (
        TABLE.check,
        lambda config, data_dir: TABLE.read(config, data_dir=data_dir, seed=0),
    ):
        with pytest.raises(DataError, match=rf"line 2: {key} is (true|false), a truth value; save"):
            read(config, data_dir=Path())
    config = write([row])
    config.where = "sold = 'true'"
    assert len(TABLE.read(config, data_dir=Path(), seed=0).table) == 1


@pytest.mark.parametrize("start", ['{"user"', '{ "user"', '{\t"user"', ' {  "user"'])
def test_json_lines_with_blanks_are_recognised_by_their_beginning(start: str) -> None:
    Path("a.csv").write_text(f'{start} : "u", "item" : "i" }}\n{{"user":"v","item":"j"}}\n')
    table = TABLE.read(TableConfig(path="a.csv"), data_dir=Path(), seed=0).table
    assert table.user_id.tolist() == ["u", "v"]
    assert table.item_id.tolist() == ["i", "j"]


EVENT = {"event": "buy", "properties": {"id": "u1", "item": {"sku": 7}, "plan": "pro"}}


def test_values_of_objects_are_named_by_dotted_keys() -> None:
    rows = [
        EVENT,
        {"event": "buy", "properties": {"id": "u2", "item": {"sku": "x"}, "plan": None}},
        {"event": "buy", "properties": {"id": 3, "item": {"sku": 7}}},
        {"properties.id": "top", "properties": {"id": "u4", "item": {"sku": 1}, "plan": "pro"}},
    ]
    config = write(rows)
    config.user, config.item = "properties.id", "properties.item.sku"
    TABLE.check(config, data_dir=Path())
    source = TABLE.read(config, data_dir=Path(), seed=0)
    frame = pd.json_normalize(rows[:3])
    assert source.table.user_id.tolist() == [*map(str, frame["properties.id"]), "top"]
    assert source.table.item_id.tolist() == [*map(str, frame["properties.item.sku"]), "1"]
    config.where = '"properties.plan" is null'
    assert TABLE.read(config, data_dir=Path(), seed=0).table.user_id.tolist() == ["u2", "3"]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ("properties", "line 1: properties is a list or an object"),
        (
            "properties.item",
            "has no column 'properties.item', .*, properties.id, properties.plan, ",
        ),
        ("event.id", "has no column 'event.id', which dataset.user names"),
        ("flag.on", "line 1: flag.on is true, a truth value"),
        ("flag.ids", "line 1: flag.ids is a list or an object"),
        ("flag.none", "line 1: flag.none '' is empty"),
    ],
)
def test_objects_that_hold_no_ids(user: str, message: str) -> None:
    config = write([EVENT | {"flag": {"on": True, "ids": [1], "none": None}}])
    config.user, config.item = user, "event"
    with pytest.raises(DataError, match=message):
        TABLE.check(config, data_dir=Path())
    with pytest.raises(DataError, match=message):
        TABLE.read(config, data_dir=Path(), seed=0)


def test_values_of_objects_are_not_guessed() -> None:
    row = {"user.id": "u", "item": "i", "created": {"at": 7}, "parent": {"asin": 3}}
    source = TABLE.read(write([row]), data_dir=Path(), seed=0)
    assert source.table.user_id.tolist() == ["u"]
    assert source.table.item_id.tolist() == ["i"]
    assert source.table.timestamp is None


def test_an_object_in_a_later_row_is_no_missing_value() -> None:
    config = write([{"item": 1, "by": {"id": "u"}}, {"item": 2, "by": {"id": {"old": "v"}}}])
    config.user, config.on_missing = "by.id", MissingPolicy.skip
    with pytest.raises(DataError, match=r"line 2: by\.id is a list or an object"):
        TABLE.read(config, data_dir=Path(), seed=0)
    config = write([{"item": 1, "by": {"a.b": "u"}}])
    config.user = "by.a.b"
    assert TABLE.read(config, data_dir=Path(), seed=0).table.user_id.tolist() == ["u"]
