"""Parquet: ids of every type kept exactly, times, faults named by their row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.files import files
from graphrec_cli.data.tables.columns import NumberColumn, TextColumn
from graphrec_cli.data.tables.read_parquet import parquet_kinds, read_parquet_columns
from graphrec_cli.data.tables.time_column import TimeColumn
from graphrec_cli.errors import DataError


def write(folder: Path, **columns: Any) -> Path:
    path = folder / "table.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["NA", "null", "007", "1e5", "é"], "string"),
        (["a", "b", "a"], "large_string"),
        ([9_223_372_036_854_775_807, -1, 0], "int64"),
        ([18_446_744_073_709_551_615, 1], "uint64"),
        ([7, 7, 8], "int16"),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_ids_become_the_text_that_they_show(
    tmp_path: Path, values: list[Any], kind: str, encoded: bool
) -> None:
    cells = pa.array(values, type=getattr(pa, kind)())
    path = write(tmp_path, id=cells.dictionary_encode() if encoded else cells)
    assert parquet_kinds(path) == {"id": "text" if isinstance(values[0], str) else "number"}
    ids = read_parquet_columns(path, [TextColumn("id")])["id"]
    assert ids.tolist() == [str(value) for value in values]


def test_ratings_and_times_of_every_kind(tmp_path: Path) -> None:
    moment = datetime(2024, 1, 31, 18, 30, tzinfo=UTC)
    seconds = int(moment.timestamp())
    path = write(
        tmp_path,
        stars=pa.array([4], type=pa.int8()),
        score=pa.array([3.5], type=pa.float32()),
        s=pa.array([seconds], type=pa.int32()),
        ms=[seconds * 1_000 + 999],
        us=pa.array([moment], type=pa.timestamp("us", tz="Europe/Paris")),
        day=pa.array([date(2024, 1, 31)]),
        text=["2024-01-31T19:30:00+01:00"],
    )
    ratings = [NumberColumn(name, low=0, high=5) for name in ("stars", "score")]
    times = [TimeColumn(name, TimeUnit.auto) for name in ("s", "ms", "us", "day")]
    arrays = read_parquet_columns(path, [*ratings, *times, TimeColumn("text", TimeUnit.date)])
    assert [arrays[name].tolist() for name in ("stars", "score")] == [[4.0], [3.5]]
    second = 10**9
    assert [arrays[name].tolist() for name in ("s", "us", "text")] == [[seconds * second]] * 3
    assert arrays["ms"].tolist() == [seconds * second + 999_000_000]
    assert arrays["day"].tolist() == [(seconds - 18 * 3600 - 30 * 60) * second]


@pytest.mark.parametrize(
    ("unit", "cell", "nanoseconds"),
    [
        ("s", 1_500_000_000, 1_500_000_000 * 10**9),
        ("ms", 1_500_000_000_123, 1_500_000_000_123 * 10**6),
        ("us", 1_500_000_000_123_456, 1_500_000_000_123_456 * 10**3),
        ("ns", 1_500_000_000_123_456_789, 1_500_000_000_123_456_789),
    ],
)
@pytest.mark.parametrize("zone", [None, "Europe/Paris"])
def test_timestamps_keep_their_precision(
    tmp_path: Path, unit: str, cell: int, nanoseconds: int, zone: str | None
) -> None:
    kind = pa.timestamp(unit, tz=zone)
    path = write(tmp_path, time=pa.array([cell, -1], pa.int64()).cast(kind))
    times = read_parquet_columns(path, [TimeColumn("time", TimeUnit.date)])["time"]
    assert times.tolist() == [nanoseconds, -(nanoseconds // cell)]


def test_numbers_of_time_in_every_type(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        large=pa.array([1_570_595_980_000_000_001], pa.uint64()),
        fraction=[1_500_000_000.25],
        days=[20_191_009],
    )
    columns = [TimeColumn(name, TimeUnit.auto) for name in ("large", "fraction", "days")]
    arrays = read_parquet_columns(path, columns)
    assert arrays["large"].tolist() == [1_570_595_980_000_000_001]
    assert arrays["fraction"].tolist() == [1_500_000_000_250_000_000]
    day = int(datetime(2019, 10, 9, tzinfo=UTC).timestamp())
    assert arrays["days"].tolist() == [day * 10**9]


def test_times_beyond_the_range_name_their_row(tmp_path: Path) -> None:
    path = write(tmp_path, time=pa.array([0, 10**14], pa.timestamp("ms")))
    with pytest.raises(DataError, match=r"row 2: time '5138-11-16 .*' is outside the years 1678"):
        read_parquet_columns(path, [TimeColumn("time", TimeUnit.date)])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["a", "b", None], "row 3: id is empty"),
        (["a", " "], "row 2: id ' ' is empty"),
        ([1.0, 2.0], r"column id has the type double, in which long ids lose digits"),
        ([True], "column id has the type bool"),
        ([[1]], "column id has the type list"),
        ([b"\xff"], "column id has bytes that are no UTF-8"),
        ([date(2024, 1, 1)], "column id has times, which cannot be ids"),
        (["a", "a\0"], r"row 2: id 'a\?' is damaged by a NUL character"),
        (["a", "x" * 300], r"row 2: id 'x{40}\.\.\.' is longer than 256"),
    ],
)
def test_faulty_ids_are_refused(tmp_path: Path, cells: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_parquet_columns(write(tmp_path, id=cells), [TextColumn("id")])


def test_faulty_ratings_and_files_are_refused(tmp_path: Path) -> None:
    rating = NumberColumn("rating", low=0, high=5)
    with pytest.raises(DataError, match=r"row 2: rating 'nan' is not a number"):
        read_parquet_columns(write(tmp_path, rating=[1.0, float("nan")]), [rating])
    with pytest.raises(DataError, match=r"row 1: rating 'five' is not a number"):
        read_parquet_columns(write(tmp_path, rating=["five"]), [rating])
    with pytest.raises(DataError, match=r"table\.parquet has no rows"):
        read_parquet_columns(write(tmp_path, rating=pa.array([], type=pa.int8())), [rating])
    (tmp_path / "table.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match=r"table\.parquet cannot be read as parquet; it may"):
        parquet_kinds(tmp_path / "table.parquet")


def test_a_small_file_that_claims_very_many_rows_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.parquet"
    rows = 2_000_000
    pq.write_table(pa.table({"user": pa.array([7] * rows, pa.int64())}), path, compression="zstd")
    columns = [NumberColumn("user", 0, 1e9)]
    assert len(read_parquet_columns(path, columns)["user"]) == rows
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 8 * rows - 1)
    assert 100 * path.stat().st_size < 8 * rows
    with pytest.raises(DataError, match="unpacks to 16,000,000 bytes, 100 times its size"):
        read_parquet_columns(path, columns)
    # A file that is large because of its content is not a bomb.
    numbers = pa.table({"user": pa.array(range(rows), pa.int64())})
    pq.write_table(numbers, path, compression="none", use_dictionary=False)
    assert len(read_parquet_columns(path, columns)["user"]) == rows
