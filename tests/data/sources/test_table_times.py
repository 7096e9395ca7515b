"""Times and missing values of tables: units, formats, empty cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_table import csv_table, load

from graphrec_cli.config.table import MissingPolicy, TableConfig, TimeUnit
from graphrec_cli.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("cells", "unit", "seconds"),
    [
        (["1700000000", "1700000001"], TimeUnit.auto, [1700000000, 1700000001]),
        (["1700000000999", "1700000001000"], TimeUnit.auto, [1700000000.999, 1700000001]),
        (["1.7e9", "1700000001.5"], TimeUnit.auto, [1700000000, 1700000001.5]),
        (["2024-01-31", "1969-12-31T23:59:59"], TimeUnit.auto, [1706659200, -1]),
        (["20240131", "19691231"], TimeUnit.date, [1706659200, -86400]),
        (["1700", "2"], TimeUnit.ms, [1.7, 0.002]),
    ],
)
def test_times(folder: Path, cells: list[str], unit: TimeUnit, seconds: list[float]) -> None:
    config = csv_table(folder, f"user,item,time\na,b,{cells[0]}\na,c,{cells[1]}\n".encode())
    config.time_unit = unit
    table = load(config).table
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [round(second * 1000) * 10**6 for second in seconds]
    assert np.isnan(table.rating).all()


def test_units_of_time_that_are_mixed_name_the_file_and_the_key(folder: Path) -> None:
    content = b"user,item,timestamp\na,b,1386199954\na,c,1386199954000\n"
    with pytest.raises(DataError) as refused:
        load(csv_table(folder, content))
    message = str(refused.value)
    assert message.startswith("ratings.csv: timestamp mixes units of time")
    assert "row 1 has 1386199954" in message
    assert message.endswith("dataset.timestamp='' reads no timestamps")


def test_rows_without_a_rating_or_a_time_are_left_out_and_counted(folder: Path) -> None:
    content = b"user,item,rating,time\na,b,,1593878903\na,c,3,\na,d,4,1593878904\na,e,NaN,\n"
    config = csv_table(folder, content)
    with pytest.raises(DataError, match=r"line 2: rating '' is empty; dataset\.on_missing=skip"):
        load(config)
    config.on_missing = MissingPolicy.skip
    source = load(config)
    assert source.table.item_id.tolist() == ["d"]
    assert source.table.timestamp is not None
    assert source.table.timestamp.tolist() == [1593878904 * 10**9]
    counts = [(step.cause, step.rows_dropped) for step in source.funnel.steps]
    assert counts == [("empty rating", 2), ("empty timestamp", 1)]
    assert source.funnel.rows_left == 1
    config.rating = ""
    assert [step.rows_dropped for step in load(config).funnel.steps] == [2]
    empty = csv_table(folder, b"user,item,time\na,b,\n")
    empty.on_missing = MissingPolicy.skip
    with pytest.raises(DataError, match="every row has an empty id, rating, timestamp or weight"):
        load(empty)


def test_rows_without_an_id_are_left_out_and_counted(folder: Path) -> None:
    config = csv_table(folder, b"user,item\na,b\n,c\nd, \nNA,e\n")
    with pytest.raises(DataError, match=r"line 3: user '' is empty; dataset\.on_missing=skip"):
        load(config)
    config.on_missing = MissingPolicy.skip
    source = load(config)
    assert source.table.user_id.tolist() == ["a", "NA"]
    counts = [(step.cause, step.rows_dropped) for step in source.funnel.steps]
    assert counts == [("empty user", 1), ("empty item", 1)]
    columns = {"user": ["a", None, "c"], "item": pa.array([1, 2, None], pa.int64())}
    pq.write_table(pa.table(columns), folder / "a.parquet")
    source = load(TableConfig(path="a.parquet", on_missing=MissingPolicy.skip))
    assert (source.table.user_id.tolist(), source.table.item_id.tolist()) == (["a"], ["1"])


def test_nulls_of_parquet_are_missing_values(folder: Path) -> None:
    columns = {
        "user": ["a", "b", "c", "d"],
        "item": ["x", "y", "z", "x"],
        "rating": [1.0, None, float("nan"), 4.0],
        "time": pa.array([1_500_000_000_123, 1, 2, None], pa.timestamp("ms")),
    }
    pq.write_table(pa.table(columns), folder / "a.parquet")
    with pytest.raises(DataError, match=r"row 2: rating is empty; dataset\.on_missing=skip"):
        load(TableConfig(path="a.parquet"))
    source = load(TableConfig(path="a.parquet", on_missing=MissingPolicy.skip))
    assert source.table.user_id.tolist() == ["a"]
    assert source.table.timestamp is not None
    assert source.table.timestamp.tolist() == [1_500_000_000_123 * 10**6]
    assert [step.rows_dropped for step in source.funnel.steps] == [2, 1]


def test_a_format_of_the_times(folder: Path) -> None:
    config = csv_table(folder, b"user,item,date\na,b,11/21/2000\na,c,01/02/2001\n")
    with pytest.raises(DataError, match=r"line 2: .* dataset\.time_format names another format"):
        load(config)
    config.time_format = "%m/%d/%Y"
    table = load(config).table
    assert table.timestamp is not None
    assert table.timestamp.tolist() == [974764800 * 10**9, 978393600 * 10**9]


def test_keys_of_times_where_they_mean_nothing(folder: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"dataset\.time_format needs timestamps, but dataset\.ti"
    ):
        TableConfig(path="a", timestamp="", time_format="%Y")
    with pytest.raises(
        ConfigError, match=r"dataset\.time_unit needs timestamps, but dataset\.time"
    ):
        TableConfig(path="a", timestamp="", time_unit=TimeUnit.s)
    times = {"user": ["a"], "item": ["b"], "time": pa.array([0], pa.timestamp("s"))}
    pq.write_table(pa.table(times), folder / "a.parquet")
    with pytest.raises(ConfigError, match=r"dataset\.time_format applies only to text and numbers"):
        load(TableConfig(path="a.parquet", time_format="%Y"))
    with pytest.raises(
        ConfigError, match=r"time_unit applies .* the column time of a\.parquet has"
    ):
        load(TableConfig(path="a.parquet", time_unit=TimeUnit.ms))


@pytest.mark.parametrize(
    ("header", "keys", "columns"),
    [
        ("userId,ISBN,stars,date", {}, "user=userId item=ISBN rating=stars time=date"),
        (
            "date,stars,ISBN,userId",
            {"rating": ""},
            "user=userId item=ISBN time=date; not read: stars",
        ),
        (
            "a:token,b:token,x,y",
            {"user": "a", "item": "b"},
            "user=a:token item=b:token; not read: x, y",
        ),
    ],
)
def test_the_columns_that_were_taken_are_noted(
    folder: Path, header: str, keys: dict[str, str], columns: str
) -> None:
    cells = {"userId": "a", "ISBN": "b", "stars": "5", "date": "20240131"}
    row = ",".join(cells.get(name, "1") for name in header.split(","))
    config = csv_table(folder, f"{header}\n{row}\n".encode())
    for key, value in keys.items():
        setattr(config, key, value)
    notes = load(config).notes
    assert notes[0] == f"columns: {columns}"
    assert list(notes[1:]) == (
        ["date: numbers such as 20240131 are read as dates; dataset.time_unit=s makes them seconds"]
        if "date" in header
        else []
    )


@pytest.mark.parametrize(
    ("time_format", "message"),
    [
        ("", "must have a year"),
        ("year", "must have a year"),
        ("%m/%d", "must have a year"),
        ("%%Y", "must have a year"),
        ("%Y %Q", "has '%Q', which is none of %Y"),
        ("%Y %", "has '%', which is none of"),
        ("%Y-%Y", "cannot be read back"),
        (
            "%d.%M.%Y",
            r"has %d, and so must have the month \(%M is minutes\), %m or %B or %b; write",
        ),
        ("%Y-%m-%d %M:%S", r"has %M, and so must have the hour \(%m is the month\), %H or %I"),
        ("%m/%d/%Y %H:%M:%S %p", "has %p, and so must have the hour from 1 to 12, %I"),
        ("%m/%d/%Y %I:%M", "has %I, and so must have AM or PM, or have hours from 0 to 23"),
        ("%Y-%m-%d %H:%S", "has %S, and so must have minutes, %M"),
        ("%Y-%m-%d %H:%M.%f", "has %f, and so must have seconds, %S"),
    ],
)
def test_formats_that_are_refused(time_format: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"dataset\.time_format {message}"):
        TableConfig(path="a", time_format=time_format)


def test_a_format_and_a_unit_contradict_each_other() -> None:
    for time_format in ("%Y-%m-%dT%H:%M:%S.%f%z", "%d %b %y %I:%M %p", "%Y", "%Y-%j %H"):
        TableConfig(path="a", time_format=time_format)
        with pytest.raises(ConfigError, match=r"time_format and dataset\.time_unit=s contradict"):
            TableConfig(path="a", time_format=time_format, time_unit=TimeUnit.s)
