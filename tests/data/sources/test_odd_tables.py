"""Odd tables: read as their writer meant them, or refused with what to do."""

from __future__ import annotations

import datetime
import json
import re
import zipfile
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_table import csv_table, load

from graphrec_cli.config.table import MissingPolicy, Separator, TableConfig
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import DataError


@pytest.mark.parametrize("place", [0, 1, 5_000])
def test_a_key_twice_in_an_object_of_json_is_refused(folder: Path, place: int) -> None:
    lines = [json.dumps({"user": n, "item": 1, "x": {"a": n}}) for n in range(place)]
    lines.append('{"user": 7, "item": 1, "user": 8}')
    (folder / "a.jsonl").write_text("\n".join(lines))
    with pytest.raises(DataError, match=f"line {place + 1}: the key 'user' occurs more than once"):
        load(TableConfig(path="a.jsonl"))


def test_columns_of_one_name_have_their_numbers(folder: Path) -> None:
    config = csv_table(folder, b"user,item,time,note,note,time\na,b,1500000000,,,1600000000\n")
    table = load(config).table
    assert table.timestamp is None
    config.timestamp = "time (2)"
    table = load(config).table
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [1_600_000_000 * 10**9]
    with pytest.raises(DataError, match=r"dataset\.user=NAME.*user \(1\), item, user \(2\)\)$"):
        load(csv_table(folder, b"user,item,user\na,b,c\n"))


def test_columns_of_one_name_in_parquet_are_refused(folder: Path) -> None:
    columns = [pa.array(["a"]), pa.array(["b"]), pa.array(["c"])]
    table = pa.Table.from_arrays(columns, names=["user", "item", "user"])
    pq.write_table(table, folder / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet names the column 'user' twice"):
        load(TableConfig(path="a.parquet"))


NUMBERS = [7, 20, 3]
DECIMALS = [Decimal(number) for number in NUMBERS]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(NUMBERS, pa.int8()),
        pa.array(NUMBERS, pa.uint64()),
        pa.array(NUMBERS).dictionary_encode(),
        pa.array(DECIMALS, pa.decimal128(38, 0)),
        pa.array(DECIMALS, pa.decimal128(12, 2)),
        pa.array(DECIMALS, pa.decimal256(60, 3)),
        pa.array(DECIMALS, pa.decimal128(9, 1)).dictionary_encode(),
        pa.array(["7", "20", "3"], pa.large_string()),
        pa.array(["7", "20", "3"], pa.string_view()),
        pa.array([b"7", b"20", b"3"], pa.binary()),
        pa.array([b"7", b"20", b"3"], pa.large_binary()),
        pa.array(["7", "20", "3"]).dictionary_encode(),
    ],
    ids=str,
)
def test_parquet_types_of_ids_and_ratings(folder: Path, cells: pa.Array) -> None:
    item = pa.array([1, 2, 3])
    pq.write_table(pa.table({"user": cells, "item": item, "stars": cells}), folder / "a.parquet")
    table = load(TableConfig(path="a.parquet")).table
    assert table.user_id.tolist() == ["7", "20", "3"]
    assert table.rating.tolist() == [7, 20, 3]
    kept = load(TableConfig(path="a.parquet", where="item >= 2")).table
    assert kept.user_id.tolist() == ["20", "3"]


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([datetime.date(2020, 1, 2), None], pa.date32()),
        pa.array([datetime.date(2020, 1, 2), None], pa.date64()),
        pa.array([1577923200, None], pa.timestamp("s")),
        pa.array([1577923200 * 10**9, None], pa.timestamp("ns", tz="Europe/Berlin")),
        pa.array([Decimal(1577923200), None], pa.decimal128(38, 0)),
        pa.array([Decimal(1577923200), None], pa.decimal128(38, 6)),
        pa.array([1577923200, None], pa.uint64()),
        pa.array([b"2020-01-02", None], pa.binary()),
    ],
    ids=str,
)
def test_parquet_types_of_times(folder: Path, cells: pa.Array) -> None:
    columns = {"user": ["a", "b"], "item": ["x", "y"], "time": cells}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    table = load(TableConfig(path="a.parquet", on_missing=MissingPolicy.skip)).table
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [1577923200 * 10**9]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (pa.array([Decimal("1.5")], pa.decimal128(9, 1)), "has decimals that are not whole"),
        (pa.array([True]), "has the type bool; save it as text or numbers"),
        (pa.array([[1]]), "has the type list.*; write a row for each value"),
        (pa.array([b"\xff"]), "has bytes that are no UTF-8"),
        (
            pa.array([1.0]),
            "has the type double, in which long ids lose digits; save it as text or whole numbers",
        ),
    ],
)
def test_parquet_types_that_cannot_be_ids(folder: Path, cells: pa.Array, message: str) -> None:
    pq.write_table(pa.table({"user": cells, "item": ["x"]}), folder / "a.parquet")
    with pytest.raises(DataError, match=f"column user {message}"):
        load(TableConfig(path="a.parquet"))


def test_a_condition_compares_decimals_as_numbers(folder: Path) -> None:
    price = pa.array([Decimal("9.99"), Decimal("10.00"), None], pa.decimal128(9, 2))
    code = pa.array([Decimal(2**53 + n) for n in range(3)], pa.decimal128(38, 0))
    columns = {"user": ["a", "b", "c"], "item": ["x"] * 3, "price": price, "code": code}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    for where, users in (
        ("price = 9.99", ["a"]),
        ("price >= 10", ["b"]),
        (f"code = {2**53 + 1}", ["b"]),
    ):
        assert load(TableConfig(path="a.parquet", where=where)).table.user_id.tolist() == users


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("'2.5'", "rating ''2.5'' is in quotes, which a number must not have; remove them"),
        ("2;5", "rating '2;5' is not a number; dataset.rating='' reads no ratings"),
        ('"2,5"', "rating '2,5' is not a number with a decimal point; write 2.5 for 2,5"),
        ('"1,234.5"', "rating '1,234.5' is not a number with a decimal point"),
        ('"1.234,5"', "rating '1.234,5' is not a number with a decimal point"),
    ],
)
def test_numbers_as_other_programs_write_them(folder: Path, cell: str, message: str) -> None:
    with pytest.raises(DataError) as refused:
        load(csv_table(folder, f"user,item,rating\na,b,2\na,c,{cell}\n".encode()))
    assert f"line 3: {message}" in str(refused.value)
    assert "on_missing" not in str(refused.value)


@pytest.mark.parametrize("time_format", ["%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H"])
def test_times_without_punctuation_are_read_with_their_format(
    folder: Path, time_format: str
) -> None:
    times = pd.to_datetime(["2023-05-04T02:12:27", "2019-12-31T23:59:00"])
    cells = [time.strftime(time_format) for time in times]
    rows = "".join(f"u,{item},{cell}\n" for item, cell in enumerate(cells))
    config = csv_table(folder, f"user,item,time\n{rows}".encode())
    message = rf"ratings\.csv: time: numbers .*set dataset\.time_format={time_format},"
    with pytest.raises(DataError, match=message):
        load(config)
    with pytest.raises(DataError, match=message):
        TABLE.check(config, data_dir=folder)
    config.time_format = time_format
    found = load(config).table.timestamp
    assert found is not None
    wanted = pd.to_datetime(cells, format=time_format).astype("datetime64[ns]").astype("int64")
    assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("d", r"names d, a folder; name one file in it, as in dataset\.path=d/a\.csv .*a\.csv"),
        (".", r"names \., a folder"),
        ("https://x.org/a.csv", r"names https://x\.org/a\.csv, an address; download the file"),
        ("s3://b/a.parquet", "an address"),
        ("d/*.csv", "a pattern, but a table is one file; join the files first"),
        ("d/b.csv", "is not found"),
    ],
)
def test_paths_that_are_no_file(folder: Path, path: str, message: str) -> None:
    (folder / "d").mkdir()
    csv_table(folder / "d", b"user,item\na,b\n", "a.csv")
    with pytest.raises(DataError, match=message):
        load(TableConfig(path=path))


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("x.csv.zip", ["other.csv"]),
        ("x.zip", ["deep/ratings.csv", "readme.md"]),
        ("x.zip", ["ratings"]),
        ("x.csv.zip", ["x.csv", "other.csv"]),
    ],
)
def test_the_only_table_of_a_zip(folder: Path, name: str, members: list[str]) -> None:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member in members:
            archive.writestr(member, f"user,item\na,{members[0]}\n")
    assert load(TableConfig(path=name)).table.item_id.tolist() == [members[0]]


def test_a_zip_of_several_tables_is_refused(folder: Path) -> None:
    with zipfile.ZipFile(folder / "x.csv.zip", "w") as archive:
        for member in ("a.csv", "b.csv"):
            archive.writestr(member, "user,item\na,b\n")
    with pytest.raises(
        DataError, match=r"is a zip; name the file in it, as in .*x\.csv\.zip/a\.csv"
    ):
        load(TableConfig(path="x.csv.zip"))


@pytest.mark.parametrize("head", ["sep=,\n", "Export\n", "\n", "\n\n", " \n", "Export\nof May\n\n"])
def test_lines_above_the_header_line_are_named(folder: Path, head: str) -> None:
    with pytest.raises(DataError, match=r"the first line of .* remove the lines above the header"):
        load(csv_table(folder, f"{head}user,item,rating\na,b,1\na,c,2\n".encode()))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("# made by a tool", r"line 4: 1 field .* 2; dataset\.comment='#' skips such lines"),
        ("Total: 2", "line 4: 1 field where the header has 2$"),
        ("a,b,", "line 4: 3 fields where the header has 2$"),
    ],
)
def test_a_last_line_that_is_no_row(folder: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(csv_table(folder, f"user,item\na,b\na,c\n{line}\n".encode()))


def test_the_separator_that_most_lines_have_is_advised(folder: Path) -> None:
    table = b"user id|item id\n1|2\n1|3\n"
    with pytest.raises(DataError, match=r"no comma, but a pipe; set dataset\.separator=pipe"):
        load(csv_table(folder, table))


@pytest.mark.parametrize("separator", [None, Separator.pipe])
@pytest.mark.parametrize(
    ("head", "rule"),
    [
        (" user | item \n------+------\n a | b \n(1 row)\n\n", "------+------"),
        ("| user | item |\n|:-----|-----:|\n| a | b |\n", "|:-----|-----:|"),
        ("+------+------+\n| user | item |\n+------+------+\n| a | b |\n", "+------+------+"),
        ("user  item\n----- -----\na  b\n", "----- -----"),
        ("┌──────┬──────┐\n│ user │ item │\n├──────┼──────┤\n", "┌──────┬──────┐"),
    ],
)
def test_tables_that_a_shell_prints_are_named(
    folder: Path, head: str, rule: str, separator: Separator | None
) -> None:
    config = csv_table(folder, head.encode())
    config.separator = separator
    message = f"the line '{rule}', so it looks like output of psql"
    for read in (load, partial(TABLE.check, data_dir=folder)):
        with pytest.raises(DataError, match=re.escape(message)):
            read(config)


def test_ids_of_dashes_are_ids(folder: Path) -> None:
    assert load(csv_table(folder, b"user,item\n--,---\n")).table.item_id.tolist() == ["---"]


def test_the_count_of_rows_below_a_table_of_psql(folder: Path) -> None:
    config = csv_table(folder, b"user|item\na|b\n(1 row)\n")
    config.separator = Separator.pipe
    with pytest.raises(DataError, match=r"line 3: 1 field .* 2; remove psql's count of rows, wh"):
        load(config)


def test_decimal_commas_in_times(folder: Path) -> None:
    config = csv_table(folder, b"user;item;time\na;b;1500000000,5\n")
    config.separator = Separator.semicolon
    with pytest.raises(DataError, match=r"time '1500000000,5' is not .*; write 2\.5 for 2,5"):
        load(config)


def test_the_encoding_that_is_advised_reads_the_file(folder: Path) -> None:
    config = csv_table(folder, "user,item\né€,b\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"save the file as UTF-8, or, .*set its enc") as refused:
        load(config)
    found = re.search(r"dataset\.encoding=(\S+)", str(refused.value))
    assert found is not None
    config.encoding = found[1]
    assert load(config).table.user_id.tolist() == ["é€"]


def test_ids_that_are_one_number_in_two_forms_are_noted(folder: Path) -> None:
    config = csv_table(folder, b"user,item\n7,1\n007,2\n+7,3\n7.0,4\n08,5\n10,100\n")
    source = load(config)
    assert source.table.user_id.tolist() == ["7", "007", "+7", "7.0", "08", "10"]
    assert source.notes[1:] == (
        "warning: 3 ids of user are another one as a number, such as '+7' and '7'; they count as "
        "different ids",
    )
    config = csv_table(folder, b'user,item\n1005,1\n"1,005",2\n"2,005,001",3\n"1,0",4\n10,5\n')
    assert load(config).notes[1:] == (
        "warning: 1 ids of user are another one as a number, such as '1,005' and '1005'; they "
        "count as different ids",
    )
    config = csv_table(folder, b"user,item\n007,1\n07,2\n")
    assert load(config).notes[1:] == (
        "warning: 1 ids of user are another one as a number, such as '07' and '007'; they count as "
        "different ids",
    )


@pytest.mark.parametrize(
    ("others", "odd"),
    [([str(number) for number in range(20)], "Total"), ([f"u{n}" for n in range(20)], "Total")],
)
def test_ids_of_another_form_than_all_others_are_noted(
    folder: Path, others: list[str], odd: str
) -> None:
    rows = [*others, odd]
    config = csv_table(folder, ("user,item\n" + "".join(f"{id},a\n" for id in rows)).encode())
    source = load(config)
    assert source.table.user_id.tolist() == rows
    (note,) = source.notes[1:]
    assert f"1 of the 21 ids of user has another form than all others, such as '{odd}'" in note
    config.where = f"user != '{odd}'"
    assert load(config).table.user_id.tolist() == others
    assert len(load(config).notes) == len(source.notes) - 1


def test_zones_in_small_letters_and_decimal_commas(folder: Path) -> None:
    config = csv_table(folder, b"user,item,time\na,1,2024-01-01T00:00:00z\nb,1,2024-01-01\n")
    np.testing.assert_array_equal(load(config).table.timestamp, [1_704_067_200 * 10**9] * 2)
    for between in (" ", "T"):
        line = f"user,item,time\na,1,2024-01-01{between}00:00:00,123\n".replace(",123", ',123"')
        config = csv_table(folder, line.replace("2024", '"2024').encode())
        with pytest.raises(DataError, match="not an ISO date") as refused:
            load(config)
        advised = re.search(r'set "dataset\.time_format=([^"]+)"', str(refused.value))
        assert advised is not None
        assert advised[1] == f"%Y-%m-%d{between}%H:%M:%S,%f"
        config.time_format = advised[1]
        np.testing.assert_array_equal(load(config).table.timestamp, [1_704_067_200_123 * 10**6])


MOMENTS = pd.to_datetime(
    [
        "2023-11-26T14:05:31",
        "2009-01-02T09:08:07",
        "2019-12-31T23:59:00",
        "2021-01-01T01:00:00",
        "2015-06-07T08:09:10",
        "2004-10-20T20:44:40",
    ]
)


@pytest.mark.parametrize("clock", ["", "%H", "%H%M", "%H%M%S"])
@pytest.mark.parametrize("day", ["%d%m%Y", "%m%d%Y", "%y%m%d", "%d%m%y", "%m%d%y"])
@pytest.mark.parametrize("zeros", [True, False])
def test_numbers_that_look_like_dates_are_read_with_their_format(
    folder: Path, day: str, clock: str, zeros: bool
) -> None:
    cells = [moment.strftime(day + clock) for moment in MOMENTS]
    wanted = pd.to_datetime(cells, format=day + clock).astype("datetime64[ns]").astype("int64")
    shown = cells if zeros else [str(int(cell)) for cell in cells]
    rows = "".join(f"u,{item},{cell}\n" for item, cell in enumerate(shown))
    config = csv_table(folder, f"user,item,time\n{rows}".encode())
    for read in (load, partial(TABLE.check, data_dir=folder)):
        with pytest.raises(DataError, match=rf"look like dates; .*time_format={day}{clock}\b"):
            read(config)
    config.time_format = day + clock
    found = load(config).table.timestamp
    assert found is not None
    assert found.tolist() == wanted.tolist()


def test_a_date_that_may_be_written_in_two_ways_names_both(folder: Path) -> None:
    rows = "".join(f"u,{item},{item + 7:02}1112{item + 10}{item + 20}\n" for item in range(6))
    with pytest.raises(
        DataError,
        match=r"711121020 look like dates; set dataset\.time_format=%y%m%d%H%M or "
        r"dataset\.time_format=%d%m%y%H%M or dataset\.time_format=%m%d%y%H%M, or dataset\.time_u",
    ):
        load(csv_table(folder, f"user,item,time\n{rows}".encode()))


@pytest.mark.parametrize(
    "cells",
    [[1111111111, 1234567800], [1011122000, 1011122030, 1011122045, 1011122056, 1011122059]],
)
def test_few_seconds_that_could_be_dates_are_seconds(folder: Path, cells: list[int]) -> None:
    rows = "".join(f"u,{item},{cell}\n" for item, cell in enumerate(cells))
    found = load(csv_table(folder, f"user,item,time\n{rows}".encode())).table.timestamp
    assert found is not None
    assert found.tolist() == [cell * 10**9 for cell in cells]


def test_row_names_that_have_no_name_in_the_header_line(folder: Path) -> None:
    config = csv_table(folder, b'"user","item"\n"1","a","x"\n"2","b","y"\n')
    with pytest.raises(DataError, match=r"line 2: 3 fields .* header has 2; .*row\.names=FALSE$"):
        load(config)
    config = csv_table(folder, b"user,item\na,x\nb,y,z\n")
    with pytest.raises(DataError, match=r"line 3: 3 fields where the header has 2$"):
        load(config)


def test_names_with_line_breaks_are_typed_with_blanks(folder: Path) -> None:
    table = (
        b'"user\nid",item_id,"Order\nDate","Status\r\nnow"\na,x,2024-01-31,on\nb,y,2024-02-01,off\n'
    )
    config = csv_table(folder, table)
    config.user, config.timestamp = "user id", "Order Date"
    assert load(config).table.user_id.tolist() == ["a", "b"]
    assert load(config).notes[0].startswith("columns: user=user id item=item_id time=Order Date")
    config.where = "\"Status now\" = 'on'"
    assert load(config).table.user_id.tolist() == ["a"]


def test_a_repeated_header_line_is_named_by_any_column(folder: Path) -> None:
    config = csv_table(folder, b"user,item,rating,timestamp\na,x,1,5\nuser,item,rating,timestamp\n")
    with pytest.raises(
        DataError, match=r"line 3: rating 'rating' is the name of the column; .* rem"
    ):
        load(config)
    config.rating = ""
    with pytest.raises(
        DataError, match=r"line 3: timestamp 'timestamp' is the name of the column;"
    ):
        load(config)


def test_several_titles_of_an_item_are_noted(folder: Path) -> None:
    (folder / "titles.csv").write_text(
        "item,title\nx,Der Film\nx,The Film\ny,Same\ny,Same\nother,1\nother,2\n"
    )
    config = csv_table(folder, b"user,item\na,x\nb,y\n")
    config.items_path = "titles.csv"
    source = load(config)
    assert source.titles is not None
    assert source.titles[1].tolist() == ["Der Film", "Same"]
    assert source.notes[-1].startswith("warning: 1 item with several titles in ")
    assert source.notes[-1].endswith("titles.csv: the first is used")
