"""Rows chosen by a condition, against a reader and an evaluator of their own."""

from __future__ import annotations

import csv
import json
import operator
import re
from collections.abc import Container
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import DataError

TESTS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TEXTS = st.sampled_from(["", "view", "buy", "it's", "a,b", "é", "10x", "9a", " pad", "NA", "x y"])
NUMBERS = st.sampled_from(
    [
        "",
        "NaN",
        "0",
        "-1",
        "1.5",
        "1e1",
        "10",
        "9",
        "9007199254740993",
        "9007199254740992",
        "-1e300",
    ]
)
ROWS = st.lists(st.tuples(TEXTS, NUMBERS, TEXTS), min_size=1, max_size=8)
SIGNS = st.sampled_from(list(TESTS))
NUMBERS_COMPARED = st.sampled_from([0, -1, 1.5, 10, 9.0, 9_007_199_254_740_993])


@st.composite
def conditions(draw: st.DrawFn, depth: int = 0) -> tuple[Any, ...]:
    """``(column, operator, values)``, or ``not``, ``and``, ``or`` before others of these."""
    form = draw(st.integers(-1, 2 if depth > 2 else 5))
    if form == -1:
        column = draw(st.sampled_from(["event", "price", "other one"]))
        return column, draw(st.sampled_from(["is null", "is not null"])), []
    if form == 0:
        column, sign = draw(st.sampled_from(["event", "other one"])), draw(SIGNS)
        text = draw(TEXTS)
        if text[:1].isdigit() and sign != "!=":  # refused in an order
            sign = "="
        if not text and sign == "=":
            sign = "!="
        return column, sign, [text]
    if form == 1:
        return "price", draw(SIGNS), [draw(NUMBERS_COMPARED)]
    if form == 2:
        values = st.one_of(
            st.lists(TEXTS.filter(bool), min_size=1), st.lists(st.sampled_from([10, 1.5, -1]))
        )
        return "price", "in", draw(values) or [0]
    if form == 3:
        return "not", draw(conditions(depth + 1))
    word = "and" if form == 4 else "or"
    return word, draw(conditions(depth + 1)), draw(conditions(depth + 1))


def written(condition: tuple[Any, ...]) -> str:
    """The condition in the grammar."""
    first, *rest = condition
    if first == "not":
        return f"not ({written(*rest)})"
    if first in ("and", "or"):
        return f"({written(rest[0])} {first} {written(rest[1])})"
    if not rest[1]:
        return f'"{first}" {rest[0]}'
    values = [
        "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)
        for value in rest[1]
    ]
    right = f"({', '.join(values)})" if rest[0] == "in" else values[0]
    return f'"{first}" {rest[0]} {right}'


def truth(condition: tuple[Any, ...], row: dict[str, str], nulls: Container[str]) -> bool | None:
    """True, False, or None where an empty cell decides."""
    first, *rest = condition
    if first in ("not", "and", "or"):
        found = [truth(part, row, nulls) for part in rest]
        if first == "not":
            return None if found[0] is None else not found[0]
        decides: bool = first == "or"
        if decides in found:
            return decides
        return None if None in found else not decides
    sign, values = rest
    cell: Any = row[first]
    if not values:
        return bool((cell in nulls) == (sign == "is null"))
    if isinstance(values[0], str):
        cell, values = cell.strip(), [value.strip() for value in values]
        if not cell:
            return None
    elif cell in ("", "NaN"):
        return None
    else:
        cell = int(cell) if cell.lstrip("-").isdigit() else float(cell)
    return bool(cell in values if sign == "in" else TESTS[sign](cell, values[0]))


@pytest.mark.slow
@given(rows=ROWS, condition=conditions(), form=st.sampled_from(["csv", "jsonl"]))
def test_rows_are_those_of_an_independent_evaluator(
    tmp_path: Path, rows: list[tuple[str, str, str]], condition: tuple[Any, ...], form: str
) -> None:
    names = ("user", "item", "event", "price", "other one")
    table = [
        dict(zip(names, (f"u{place}", "i", *row), strict=True)) for place, row in enumerate(rows)
    ]
    path = tmp_path / f"table.{form}"
    with path.open("w", encoding="utf-8", newline="") as file:
        if form == "csv":
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
        else:
            file.writelines(json.dumps(row) + "\n" for row in table)
    nulls = ("", "NaN", "NA") if form == "csv" else ("",)
    kept = [row["user"] for row in table if truth(condition, row, nulls) is True]
    config = TableConfig(path=str(path), where=written(condition))
    if not kept:
        with pytest.raises(
            DataError, match=rf"none of the {len(rows)} rows matches dataset\.where"
        ):
            TABLE.read(config, data_dir=tmp_path, seed=0)
        return
    source = TABLE.read(config, data_dir=tmp_path, seed=0)
    assert source.table.user_id.tolist() == kept
    assert [(step.stage, step.rows_dropped) for step in source.funnel.steps] == [
        ("where", len(rows) - len(kept))
    ]
    assert source.funnel.rows_left == len(kept)


def users_of(path: Path, where: str, **keys: Any) -> str:
    config = TableConfig(path=str(path), where=where, **keys)
    return "".join(TABLE.read(config, data_dir=path.parent, seed=0).table.user_id.tolist())


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    """Four rows of typed columns, some without a value."""
    columns = {
        "user": ["a", "b", "c", "d"],
        "item": ["x"] * 4,
        "kind": pa.array(["view", None, "buy", "buy"]).dictionary_encode(),
        "code": pa.array([1, 2**63, None, 2**64 - 1], pa.uint64()),
        "small": pa.array([1, -1, 100, None], pa.int8()),
        "price": pa.array([0.1, float("nan"), 2.5, None], pa.float32()),
        "click": [True, False, None, True],
        "time": pa.array([0, 86_400_000, None, 172_800_000], pa.timestamp("ms")),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    return tmp_path / "a.parquet"


@pytest.mark.parametrize(
    ("where", "users"),
    [
        ("kind = 'buy'", "cd"),
        ("not kind = 'buy'", "a"),
        ("code = 18446744073709551615", "d"),
        ("code != 18446744073709551614", "abd"),
        ("code > -1", "abd"),
        ("small < 300", "abc"),
        ("small >= 0.5", "ac"),
        ("price = 0.1", "a"),
        ("price > 0", "ac"),
        ("click = 'true'", "ad"),
        ("time >= '1970-01-02'", "bd"),
        ("time < '1970-01-01T00:00:00.001'", "a"),
        ("time in ('1970-01-01', '1970-01-03') and user != 'a'", "d"),
        ("user in ('d', 'a')", "ad"),
        ("kind is null", "b"),
        ("code is null or small is null", "cd"),
        ("price is not null", "ac"),
        ("click is null or time is null", "c"),
    ],
)
def test_typed_columns_of_parquet(parquet: Path, where: str, users: str) -> None:
    assert users_of(parquet, where, timestamp="") == users


@pytest.mark.parametrize("kind", [pa.decimal128(10, 2), pa.decimal256(60, 2)])
def test_decimals_of_parquet_are_compared_exactly(tmp_path: Path, kind: pa.DataType) -> None:
    hundredths = range(1000)
    prices = [Decimal(number).scaleb(-2) for number in hundredths]
    columns = {"user": [f"{number} " for number in hundredths], "item": ["x"] * 1000}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns | {"price": pa.array(prices, kind)}), path)
    for number in (29, 70, 998):
        for sign, test in TESTS.items():
            kept = [str(other) for other in hundredths if test(other, number)]
            config = TableConfig(path=str(path), where=f"price {sign} {number / 100}")
            assert TABLE.read(config, data_dir=tmp_path, seed=0).table.user_id.tolist() == kept
        assert users_of(path, f"price in ({number / 100}, 12.345)") == str(number)
    assert users_of(path, "price > 9.9899999999999999999999") == "999"


WHOLE = [2**53 - 1, 2**53, 2**53 + 1, 2**53 + 2, 2**62 + 1]


@pytest.mark.parametrize("form", ["integers", "unsigned", "mixed.csv", "decimals", "doubles"])
@pytest.mark.parametrize("sign", TESTS)
def test_whole_numbers_that_a_float_rounds(tmp_path: Path, form: str, sign: str) -> None:
    path = tmp_path / (form if form.endswith("csv") else "a.parquet")
    cells = [int(float(number)) for number in WHOLE] if form == "doubles" else WHOLE
    users = ["a", "b", "c", "d", "e"]
    if form == "mixed.csv":
        lines = [f"{user},x, {cell} \n" for user, cell in zip(users, cells, strict=True)]
        path.write_text("user,item,plays\n" + "".join(lines) + "f,x,0.5\ng,x,\n")
        users, cells = [*users, "f"], [*cells, 0]
    else:
        kinds = {"integers": pa.int64(), "unsigned": pa.uint64(), "doubles": pa.float64()}
        numbers = [float(cell) for cell in cells] if form == "doubles" else cells
        plays = pa.array(numbers, kinds.get(form, pa.decimal128(38, 1)))
        pq.write_table(pa.table({"user": users, "item": ["x"] * 5, "plays": plays}), path)
    for number in (*WHOLE, 2**53 + 3, 2**63):
        for value in (f"{number}", f"{number * 10}e-1"):
            pairs = zip(users, cells, strict=True)
            kept = "".join(user for user, cell in pairs if TESTS[sign](cell, number))
            where = f"plays {sign} {value} or user = 'a'"
            assert users_of(path, where) == "".join(sorted({"a", *kept}))
    pairs = zip(users, cells, strict=True)
    between = "".join(user for user, cell in pairs if TESTS[sign](2 * cell, 2 * 2**52 + 1))
    assert users_of(path, f"plays {sign} {2**52}.5 or user = 'a'") == "".join(
        sorted({"a", *between})
    )


def test_literals_that_a_float_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("user,item,n\na,x,0\nb,x,1\nc,x,16777216\nd,x,9007199254740993\n")
    tiny = "1e-99999999999999999999"
    assert users_of(path, f"n = {tiny}") == "a"
    assert users_of(path, "n > 0.99999999999999999999999") == "bcd"
    assert users_of(path, "n < 9007199254740993.5 and n > 9007199254740992.5") == "d"
    single = np.array([1, 16_777_216, np.inf], dtype=np.float32)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": ["a", "b", "c"], "item": ["x"] * 3, "n": single}), path)
    assert users_of(path, "n >= 16777217") == "c"
    assert users_of(path, "n < 16777217") == "ab"
    assert users_of(path, "n <= 1e300") == "ab"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("code = 'x'", "compares code with the text 'x', but the column has numbers; write a numb"),
        ("time > 5", "compares time with number 5, but the column has times; write ISO dates"),
        ("time > 'soon'", "compares time with the text 'soon', but the column has times"),
        ("kind = 3", "row 1: kind 'view' is not a number, but dataset.where compares it with one"),
        ("knd = 3", r"has no column 'knd', which dataset.where names; did you mean 'kind'\? \(col"),
    ],
)
def test_other_kinds_than_those_of_the_column(parquet: Path, where: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as refused:
        users_of(parquet, where, timestamp="")
    assert str(parquet) in str(refused.value)


def test_the_columns_of_users_ratings_and_times_can_be_compared(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("user,item,rating,timestamp\na,x,3.3,2019-10-09\nb,x,4,2020-01-01\n")
    assert users_of(path, "rating >= 3.3 and timestamp < '2020'") == "a"
    assert users_of(path, "user != 'a'") == "b"
    path.write_text("user,item,timestamp\na,x,9007199254740993\nb,x,9007199254740992\n")
    assert users_of(path, "timestamp > 9007199254740992") == "a"


def test_dates_that_are_compared_with_a_number(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("user,item,date\na,x,2019-10-09\n")
    with pytest.raises(DataError) as refused:
        users_of(path, "date > 20190101")
    fault = "date '2019-10-09' is not a number, but dataset.where compares it with one"
    assert str(refused.value).startswith(f"{path}, line 2: {fault}; correct or remove such lines")


@pytest.mark.parametrize(
    ("where", "other"),
    [
        ("n >= '10'", "10"),
        ("day > '2024-01-20'", "31.01.2024"),
        ("day <= '20.01.2024'", "20.01.2024"),
        ("date > '2024-1-20'", "2024-1-20"),
    ],
)
def test_texts_that_are_not_in_the_order_of_what_they_say(
    tmp_path: Path, where: str, other: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(
        "user,item,n,day,date\na,x,9,31.01.2024,2024-01-31\nb,x,kg,1.2.2024,2024-02-01\n"
    )
    with pytest.raises(DataError, match=f"orders .* but '{re.escape(other)}' is no ISO date"):
        users_of(path, where)
    assert users_of(path, "date >= '2024-01-31' and date < '2024-02'") == "a"
    assert users_of(path, "n = '9' or day != '31.01.2024'") == "ab"


NULLS = ["", " ", "NULL", "null", "\\N", "NA", "n/a", "NaN", "<NA>", "None", "0000-00-00", "#N/A"]


@pytest.mark.parametrize("between", "-/.")
@pytest.mark.parametrize("before_time", " Tt")
def test_dates_are_ordered_whatever_stands_between_their_numbers(
    tmp_path: Path, between: str, before_time: str
) -> None:
    days = ["2024-01-30", "2024-01-31", "2024-01-31 09:00:00", "2024-01-31 18:30:00", "2024-02-01"]
    path = tmp_path / "table.csv"
    cells = [day.replace("-", between).replace(" ", before_time) for day in days]
    rows = zip("abcde", cells, strict=True)
    path.write_text("user,item,t\n" + "".join(f"{user},x,{cell}\n" for user, cell in rows))
    for limit in ("2024-01-31 12:00", "2024-01-31T12:00", "2024/01/31 12:00", "2024.01.31t12:00"):
        assert users_of(path, f"t < '{limit}'", timestamp="") == "abc"
        assert users_of(path, f"t >= '{limit}'", timestamp="") == "de"
    assert users_of(path, "t >= '2024/02' or t < '2024-01-31'", timestamp="") == "ae"
    assert users_of(path, f"t != '{cells[1]}'", timestamp="") == "acde"


def test_times_with_zones_are_ordered_as_times(tmp_path: Path) -> None:
    # In UTC: 21:30 and 22:30 on the 30th, 00:10, 01:00 and 12:00 on the 31st.
    times = [
        "2024-01-30T23:30:00+02:00",
        "2024-01-31 00:30:00+0200",
        "2024-01-31 00:10:00",
        "2024-01-30T20:00:00-05:00",
        "2024-01-31T12:00:00Z",
    ]
    rows = "".join(f"{user},x,{time}\n" for user, time in zip("abcde", times, strict=True))
    path = tmp_path / "table.csv"
    path.write_text("user,item,t\n" + rows + "f,x,NULL\n")
    frame = pd.DataFrame(
        {"user": list("abcde"), "t": pd.to_datetime(times, utc=True, format="ISO8601")}
    )
    for limit in (
        "2024-01-31",
        "2024-01-31T02:10:00+02:00",
        "2024-01-31 11:59 UTC",
        "2024-01-30T23:00Z",
    ):
        bound = (
            pd.Timestamp(limit).tz_localize("UTC") if limit == "2024-01-31" else pd.Timestamp(limit)
        )
        for sign, compare in (("<", operator.lt), (">=", operator.ge), (">", operator.gt)):
            kept = "".join(frame.user[compare(frame.t, bound)])
            assert users_of(path, f"t {sign} '{limit}'", timestamp="") == kept
    path.write_text("user,item,t\n" + rows + "f,x,2024-01-31 noon\n")
    with pytest.raises(DataError, match="some of these times have a zone, but not every text is a"):
        users_of(path, "t < '2024-01-31'", timestamp="")


def test_null_cells_of_text(tmp_path: Path) -> None:
    cells = [*NULLS, "0", "2024-01-01", "none such"]
    path = tmp_path / "table.csv"
    path.write_text("user,item,t\n" + "".join(f"{n:x},i,{cell}\n" for n, cell in enumerate(cells)))
    every = "".join(f"{n:x}" for n in range(len(cells)))
    empty = every[: len(NULLS)]
    assert users_of(path, "t is null") == empty
    assert users_of(path, "t is not null") == every[len(NULLS) :]
    assert users_of(path, "t is null and t = 'NA'") == every[5]
    assert users_of(path, "not t is null or t = 'null'") == every[3] + every[len(NULLS) :]


def test_null_cells_are_those_of_pandas(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    cells = ["", "NA", "5", "", "null", "7", "N/A", "nan", "x"]
    path.write_text("user,item,t\n" + "".join(f"{n},i,{cell}\n" for n, cell in enumerate(cells)))
    frame = pd.read_csv(path, dtype={"user": str})
    for word, kept in (("null", frame.t.isna()), ("not null", frame.t.notna())):
        assert users_of(path, f"t is {word}") == "".join(frame.user[kept])
    written = tmp_path / "table.parquet"
    frame.to_parquet(written)
    assert users_of(written, "t is null") == "".join(frame.user[frame.t.isna()])


def test_null_cells_of_json_and_parquet_have_no_words(tmp_path: Path) -> None:
    cells = [None, "NA", "", 3]
    rows = [{"user": f"{n}", "item": "i", "t": cell} for n, cell in enumerate(cells)]
    rows.append({"user": "4", "item": "i"})
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert users_of(path, "t is null") == "024"
    assert users_of(path, "t is not null") == "13"
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"user": list("abc"), "item": ["x"] * 3, "t": [None, "NA", " "]}), path)
    assert users_of(path, "t is null") == "ac"


def test_null_ids_are_those_that_count_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("user,item\nNA,x\nunknown,x\nnull,x\n")
    skip = MissingPolicy.skip
    kept = "user is not null"
    assert users_of(path, kept, on_missing=skip) == "NAunknown"
    assert users_of(path, kept, on_missing=skip, missing_ids=["unknown"]) == "NAnull"


def test_a_column_without_any_value(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    empty = pa.array([None, None], pa.string())
    pq.write_table(pa.table({"user": ["a", "b"], "item": ["x", "x"], "note": empty}), path)
    assert users_of(path, "note = 'x' or note > 1 or user = 'b'") == "b"
    pq.write_table(pa.table({"user": ["a", "b"], "item": ["x", "x"], "note": [None, None]}), path)
    assert users_of(path, "note = 'x' or note > 1 or user = 'b'") == "b"
    assert users_of(path, "note is null") == "ab"


def test_a_cell_that_is_not_a_number_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("user,item,price\na,x,1\nb,x,\nc,x,n/a\nd,x,cheap\n")
    with pytest.raises(DataError, match="line 5: price 'cheap' is not a number, but"):
        users_of(path, "price > 0")
    assert users_of(path, "price = 'cheap' or price = '1'") == "ad"


@pytest.mark.parametrize("where", ["timestamp < '2022-01-01'", "rating >= '3'"])
def test_numbers_are_not_ordered_as_texts(tmp_path: Path, where: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("user,item,rating,timestamp\na,x,10,1683166347\nb,x,9,1583166347\n")
    with pytest.raises(DataError, match="but the column has numbers; write a number without"):
        users_of(path, where)
    assert users_of(path, "timestamp in ('1683166347', 'x')") == "a"


def test_columns_that_only_the_condition_reads_count_as_read(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,x,view\nb,x,buy\n")
    names = ["user", "item", "event"]
    assert users_of(path, "event = 'buy'", columns=names) == "b"
    with pytest.raises(DataError, match=r"dataset\.columns names event, which nothing reads"):
        users_of(path, "user = 'b'", columns=names)
