"""Text and times in csv files: kept or converted exactly, the first faulty line named."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.columns import NumberColumn, TextColumn, TimeColumn
from graphrec_cli.data.tables.read_csv import read_csv_columns
from graphrec_cli.errors import DataError

IDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=5
).filter(lambda text: bool(text.strip())) | st.sampled_from(
    ["NA", "null", "nan", "None", "True", "007", "0425115801", "1e5", "1.0", "-1", "9" * 19]
)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


def times(folder: Path, cells: list[str], unit: TimeUnit) -> list[int]:
    path = write(folder, "\n".join(["user,time", *(f"u,{cell}" for cell in cells)]).encode())
    seconds = read_csv_columns(path, [TimeColumn("time", unit)])["time"]
    assert seconds.dtype == np.int64
    return [int(second) for second in seconds]


@given(
    rows=st.lists(st.tuples(IDS, IDS, st.text(max_size=3)), min_size=1, max_size=20),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    quote_all=st.booleans(),
)
def test_ids_survive_as_they_are_written(
    tmp_path: Path,
    rows: list[tuple[str, str, str]],
    newline: str,
    encoding: str,
    quote_all: bool,
) -> None:
    rows = [(user, item, note.replace("\0", "").replace("\r", "")) for user, item, note in rows]
    text = io.StringIO()
    writer = csv.writer(
        text, lineterminator=newline, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    )
    writer.writerows([("user", "item", "note"), *rows])
    # Half surrogates have no UTF-8.
    content = text.getvalue().encode(encoding, errors="replace")
    arrays = read_csv_columns(write(tmp_path, content), [TextColumn("item"), TextColumn("user")])
    assert arrays["user"].tolist() == [row[0] for row in rows]
    assert arrays["item"].tolist() == [row[1] for row in rows]


def test_equal_ids_share_one_object(tmp_path: Path) -> None:
    content = b"user\n" + b"a rather long id\n" * 50_000
    ids = read_csv_columns(write(tmp_path, content), [TextColumn("user")])["user"]
    assert len({id(text) for text in ids}) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"user,item\na,b\n,c\n", "line 3: user '' is empty"),
        (b"user,item\na,b\n  ,c\n", "line 3: user '  ' is empty"),
        (b"user,item\na,b\nc\n", "line 3: 1 fields where the header has 2"),
        (b"user,note\na,b\nc\n", "line 3: 1 fields where the header has 2"),
        (b"user,note\na,b\nc,d,e\n", "line 3: 3 fields where the header has 2"),
        (b"user,note\na,b\n" + b"x" * 257 + b",e\n", r"line 3: user 'x+\.\.\.' is longer than 256"),
        (b"user,note\na,b\nc\0,e\n", "line 3: a NUL byte"),
        (b"user,note\na,b\nc\xe9,e\n", "line 3: byte 0xe9 is not UTF-8"),
        (b'user,note\na,b\n"c,e\n', "line 3: unexpected end of data"),
    ],
)
def test_the_faulty_line_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv_columns(write(tmp_path, content), [TextColumn("user")])


def test_a_last_column_that_may_be_empty_is_no_short_line(tmp_path: Path) -> None:
    content = b'user,note\na,\nb,""\n\nc,x\n'
    assert read_csv_columns(write(tmp_path, content), [TextColumn("user")])["user"].tolist() == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.slow
@given(seconds=st.lists(st.integers(10**9, 2 * 10**9), min_size=1, max_size=10))
@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000])
def test_the_unit_is_told_by_the_size(tmp_path: Path, seconds: list[int], factor: int) -> None:
    cells = [str(second * factor + factor // 2) for second in seconds]
    assert times(tmp_path, cells, TimeUnit.auto) == seconds
    assert times(tmp_path, [f"{cell}.0" for cell in cells], TimeUnit.auto) == seconds


def test_a_unit_that_is_named_overrules_the_size(tmp_path: Path) -> None:
    assert times(tmp_path, ["999", "1000", "-1"], TimeUnit.ms) == [0, 1, -1]
    assert times(tmp_path, ["999", "0", "-1"], TimeUnit.auto) == [999, 0, -1]


@given(
    moments=st.lists(
        st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=10
    ),
    hours=st.integers(-12, 12),
)
def test_iso_dates_in_any_zone(tmp_path: Path, moments: list[datetime], hours: int) -> None:
    moments = [moment.replace(microsecond=0) for moment in moments]
    expected = [int((moment - datetime(1970, 1, 1)) / timedelta(seconds=1)) for moment in moments]
    assert times(tmp_path, [moment.isoformat() for moment in moments], TimeUnit.date) == expected
    zoned = [f"{moment.isoformat(' ')}{hours:+03d}:00" for moment in moments]
    shifted = [second - 3600 * hours for second in expected]
    assert times(tmp_path, zoned, TimeUnit.date) == shifted


def test_days_count_from_midnight_utc(tmp_path: Path) -> None:
    day = int(datetime(2024, 2, 29, tzinfo=UTC).timestamp())
    assert times(tmp_path, ["2024-02-29", "20240229"], TimeUnit.date) == [day, day]


@pytest.mark.parametrize(
    ("cell", "unit", "message"),
    [
        ("", TimeUnit.auto, "time '' is not a number"),
        ("NA", TimeUnit.auto, "time 'NA' is not a number"),
        ("nan", TimeUnit.s, "time 'nan' is not a number"),
        ("1_0", TimeUnit.s, "time '1_0' is not a number"),
        ("9" * 18, TimeUnit.s, "is too large for a time since 1970"),
        ("9" * 25, TimeUnit.s, "9' is not a number"),
        ("inf", TimeUnit.ms, "is too large"),
        ("2024-01-31", TimeUnit.s, "time '2024-01-31' is not a number"),
        ("2024-02-30", TimeUnit.date, "time '2024-02-30' is no ISO date"),
        ("31/12/2024", TimeUnit.date, "is no ISO date"),
        ("", TimeUnit.date, "is no ISO date"),
        ("NaT", TimeUnit.date, "is no ISO date"),
    ],
)
def test_the_line_of_a_faulty_time_is_named(
    tmp_path: Path, cell: str, unit: TimeUnit, message: str
) -> None:
    sound = "2024-01-31" if unit is TimeUnit.date else "5"
    with pytest.raises(DataError, match=f"line 3: .*{message}"):
        times(tmp_path, [sound, cell, sound], unit)


@pytest.mark.parametrize("cell", ["1_0", "\u0665", "9" * 30, "18446744073709551615", "0x10"])
def test_what_python_alone_takes_for_a_number_is_named(tmp_path: Path, cell: str) -> None:
    content = f"rating,user\n1,a\n{cell},b\n".encode()
    with pytest.raises(DataError, match=r"line 3: rating '.*' is not a number"):
        read_csv_columns(write(tmp_path, content), [NumberColumn("rating", low=-1e38, high=1e38)])


def test_a_mixture_of_seconds_and_milliseconds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text("time\n1600000000000\n0\n1600000000\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row 3 has 1600000000; .* dataset\.time_unit=ms"):
        read_csv_columns(path, (TimeColumn("time", TimeUnit.auto),))
    times = read_csv_columns(path, (TimeColumn("time", TimeUnit.ms),))["time"]
    assert times.tolist() == [1_600_000_000, 0, 1_600_000]
