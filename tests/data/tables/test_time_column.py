"""Times of csv files: converted exactly, whatever their unit, the first faulty line named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.table import TimeUnit
from graphrec_cli.data.tables.read_csv import read_csv_columns
from graphrec_cli.data.tables.time_column import NO_TIME, TimeColumn
from graphrec_cli.errors import DataError

SECOND = 10**9
FACTORS = {TimeUnit.s: 10**9, TimeUnit.ms: 10**6, TimeUnit.us: 10**3, TimeUnit.ns: 1}
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))


def times(
    folder: Path,
    cells: list[str],
    unit: TimeUnit = TimeUnit.auto,
    *,
    time_format: str | None = None,
    may_be_missing: bool = False,
) -> list[int]:
    """Nanoseconds since 1970 of a column of a csv file."""
    path = folder / "table.csv"
    path.write_bytes("\n".join(["user,time", *(f"u,{cell}" for cell in cells)]).encode())
    column = TimeColumn("time", unit, time_format=time_format, may_be_missing=may_be_missing)
    found = np.asarray(read_csv_columns(path, [column])["time"])
    assert found.dtype == np.int64
    return [int(time) for time in found]


def nanoseconds_of(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1) * 1000


@pytest.mark.slow
@given(seconds=st.lists(st.integers(10**9, 2 * 10**9), min_size=1, max_size=10), data=st.data())
@pytest.mark.parametrize("unit", list(FACTORS))
def test_the_unit_is_told_by_the_size(
    tmp_path: Path, seconds: list[int], data: st.DataObject, unit: TimeUnit
) -> None:
    per_second = SECOND // FACTORS[unit]
    numbers = [
        second * per_second + data.draw(st.integers(0, per_second - 1)) for second in seconds
    ]
    wanted = [number * FACTORS[unit] for number in numbers]
    cells = [str(number) for number in numbers]
    assert times(tmp_path, cells) == wanted
    assert times(tmp_path, [f"{cell}.0" for cell in cells]) == wanted


@pytest.mark.slow
@given(
    cells=st.lists(
        st.decimals(-9_000_000_000, 9_000_000_000, places=12).map(str), min_size=1, max_size=8
    ),
    places=st.integers(0, 12),
)
def test_fractions_are_exact(tmp_path: Path, cells: list[str], places: int) -> None:
    cells = [str(Decimal(cell).quantize(Decimal(1).scaleb(-places))) for cell in cells]
    wanted = [int((Decimal(cell) * SECOND).to_integral_value(ROUND_FLOOR)) for cell in cells]
    assert times(tmp_path, cells, TimeUnit.s) == wanted


def test_a_unit_that_is_named_overrules_the_size(tmp_path: Path) -> None:
    assert times(tmp_path, ["999", "1000", "-1"], TimeUnit.ms) == [999_000_000, SECOND, -1_000_000]
    assert times(tmp_path, ["999", "0", "-1"]) == [999 * SECOND, 0, -SECOND]
    assert times(tmp_path, ["20191009"], TimeUnit.s) == [20_191_009 * SECOND]
    assert times(tmp_path, ["1570595980000000001"], TimeUnit.ns) == [1_570_595_980_000_000_001]


@given(moments=st.lists(MOMENTS, min_size=1, max_size=10), hours=st.integers(-12, 12))
def test_iso_dates_in_any_zone(tmp_path: Path, moments: list[datetime], hours: int) -> None:
    expected = [nanoseconds_of(moment) for moment in moments]
    assert times(tmp_path, [moment.isoformat() for moment in moments]) == expected
    for end in ("Z", " UTC", " GMT"):
        assert times(tmp_path, [moment.isoformat(" ") + end for moment in moments]) == expected
    zoned = [f"{moment.isoformat(' ')}{hours:+03d}:00" for moment in moments]
    assert times(tmp_path, zoned) == [time - 3600 * hours * SECOND for time in expected]


def test_fractions_of_iso_times_to_the_nanosecond(tmp_path: Path) -> None:
    cells = ["2019-10-09 04:39:40.123456789", "2019-10-09T04:39:40.5Z"]
    second = nanoseconds_of(datetime(2019, 10, 9, 4, 39, 40))
    assert times(tmp_path, cells) == [second + 123_456_789, second + 500_000_000]


@given(
    days=st.lists(st.dates(datetime(1900, 1, 1).date(), datetime(2100, 12, 31).date()), min_size=1)
)
def test_eight_digits_are_dates(tmp_path: Path, days: list[object]) -> None:
    texts = [str(day) for day in days]
    wanted = times(tmp_path, texts, TimeUnit.date)
    assert times(tmp_path, [text.replace("-", "") for text in texts]) == wanted
    assert wanted == [nanoseconds_of(datetime.fromisoformat(text)) for text in texts]


@pytest.mark.parametrize("other", ["20190229", "20191301", "20190001", "20190100", "18991231", "7"])
def test_eight_digits_are_seconds_where_one_is_no_date(tmp_path: Path, other: str) -> None:
    assert times(tmp_path, ["20191009", other]) == [20_191_009 * SECOND, int(other) * SECOND]


@given(moments=st.lists(MOMENTS, min_size=1, max_size=8))
@pytest.mark.parametrize(
    "time_format", ["%m/%d/%Y", "%d.%m.%Y %H:%M:%S", "%Y%m%d", "%d %b %Y %I:%M %p", "%Y-%j"]
)
def test_a_format_is_read_as_python_reads_it(
    tmp_path: Path, moments: list[datetime], time_format: str
) -> None:
    cells = [f"{moment:{time_format}}" for moment in moments]
    wanted = [nanoseconds_of(datetime.strptime(cell, time_format)) for cell in cells]
    assert times(tmp_path, cells, time_format=time_format) == wanted


@given(cells=st.lists(st.sampled_from(["", " ", "NaN", "null", "NA", r"\N", "1500", "2.5"])))
def test_missing_cells_have_no_time_where_they_may_be_missing(
    tmp_path: Path, cells: list[str]
) -> None:
    known = {"1500": 1500 * SECOND, "2.5": 2_500_000_000}
    wanted = [known.get(cell, NO_TIME) for cell in [*cells, "1500"]]
    assert times(tmp_path, [*cells, "1500"], may_be_missing=True) == wanted


def test_dates_below_missing_cells(tmp_path: Path) -> None:
    day = nanoseconds_of(datetime(2024, 1, 31))
    cells = ["", "2024-01-31"]
    assert times(tmp_path, cells, may_be_missing=True) == [NO_TIME, day]
    assert times(tmp_path, ["", "31.1.2024"], time_format="%d.%m.%Y", may_be_missing=True) == [
        NO_TIME,
        day,
    ]


@pytest.mark.parametrize(
    ("cell", "unit", "message"),
    [
        ("", TimeUnit.auto, "time '' is empty"),
        (" ", TimeUnit.s, "time ' ' is empty"),
        ("NA", TimeUnit.auto, "time 'NA' is not a number"),
        ("2024-01-31", TimeUnit.auto, "time '2024-01-31' is not a number"),
        ("nan", TimeUnit.s, "time 'nan' is not a number"),
        ("1_0", TimeUnit.s, "time '1_0' is not a number"),
        ("9" * 18, TimeUnit.s, "is outside the years 1678 to 2261, read as seconds since 1970"),
        ("9223372036", TimeUnit.s, "is outside the years 1678 to 2261, read as seconds"),
        ("-9223372036.5", TimeUnit.s, "is outside the years 1678 to 2261, read as seconds"),
        ("9" * 25, TimeUnit.s, "9' is not a number"),
        ("inf", TimeUnit.ms, "is outside the years 1678 to 2261"),
        ("1.73E+12", TimeUnit.auto, "is a time that a spreadsheet has rounded"),
        (" 2E+09 ", TimeUnit.s, "is a time that a spreadsheet has rounded"),
        ("1e99999", TimeUnit.auto, "is outside the years 1678 to 2261"),
        ("2024-01-31", TimeUnit.s, "time '2024-01-31' is not a number"),
        ("2024-02-30", TimeUnit.date, "time '2024-02-30' is not an ISO date"),
        ("31/12/2024", TimeUnit.date, "is not an ISO date"),
        ("", TimeUnit.date, "time '' is empty"),
        ("NaT", TimeUnit.date, "is not an ISO date"),
        ("now", TimeUnit.date, "time 'now' is not an ISO date"),
        ("today", TimeUnit.date, "time 'today' is not an ISO date"),
        ("1677-12-31", TimeUnit.date, "is outside the years 1678 to 2261"),
        ("2262-01-01", TimeUnit.date, "is outside the years 1678 to 2261"),
    ],
)
def test_the_line_of_a_faulty_time_is_named(
    tmp_path: Path, cell: str, unit: TimeUnit, message: str
) -> None:
    sound = "2024-01-31" if unit is TimeUnit.date else "5"
    with pytest.raises(DataError, match=f"line 3: .*{message}"):
        times(tmp_path, [sound, cell, sound], unit)


def test_the_kind_is_that_of_the_column_and_not_of_its_first_cell(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2: time 'last week' is not a number"):
        times(tmp_path, ["last week", "1500000000", "1500000001"])
    with pytest.raises(DataError, match="line 2: time '1500000000' is not an ISO date"):
        times(tmp_path, ["1500000000", "2024-01-31", "2024-02-01"])
    with pytest.raises(DataError, match=r"line 3: time '2024-01-31' is not in the format %d\.%m"):
        times(tmp_path, ["31.01.2024", "2024-01-31"], time_format="%d.%m.%Y")


@pytest.mark.parametrize(
    ("epoch", "name"), [(datetime(1, 1, 1), r"\.NET's ticks"), (datetime(1601, 1, 1), "Windows'")]
)
def test_times_that_count_from_other_years_are_refused(
    tmp_path: Path, epoch: datetime, name: str
) -> None:
    moments = [datetime(1970, 1, 1), datetime(2024, 10, 30, 10, 15), datetime(2099, 12, 31)]
    cells = [str((moment - epoch) // timedelta(microseconds=1) * 10) for moment in moments]
    with pytest.raises(
        DataError, match=f"numbers such as {cells[0]} look like {name}.*time_unit=ns"
    ):
        times(tmp_path, cells)
    assert times(tmp_path, cells, TimeUnit.ns) == [int(cell) for cell in cells]
    assert times(tmp_path, [*cells, "5" * 18]) == [*map(int, cells), int("5" * 18)]


def test_names_of_zones_are_read_for_utc_alone(tmp_path: Path) -> None:
    time_format = "%d.%m.%Y %H:%M %Z"
    moment = int(datetime(2024, 1, 31, 18, 30, tzinfo=UTC).timestamp()) * SECOND
    read = times(
        tmp_path, ["31.01.2024 18:30 UTC", "31.01.2024 18:30 GMT"], time_format=time_format
    )
    assert read == [moment, moment]
    for zone in ("EDT", "CET", "EST", "Europe/Berlin", "Etc/GMT+5"):
        with pytest.raises(DataError, match=r"line 3: .* %Z; of zones by name only UTC and GMT"):
            times(
                tmp_path,
                ["31.01.2024 18:30 UTC", f"31.01.2024 18:30 {zone}"],
                time_format=time_format,
            )


def test_a_mixture_of_seconds_and_milliseconds_is_refused(tmp_path: Path) -> None:
    cells = ["1600000000000", "0", "1600000000"]
    with pytest.raises(DataError, match=r"row 3 has 1600000000; .* dataset\.time_unit=ms"):
        times(tmp_path, cells)
    assert times(tmp_path, cells, TimeUnit.ms) == [1_600_000_000 * SECOND, 0, 1_600_000 * SECOND]
    with pytest.raises(DataError, match="row 4 has 1600000000"):
        times(tmp_path, ["", *cells], may_be_missing=True)


def test_an_exponent_with_all_digits_is_no_rounding(tmp_path: Path) -> None:
    cells = ["1.700000000000000000e+09", "1.7000001E+09", "5e+08"]
    seconds = [1_700_000_000, 1_700_000_100, 500_000_000]
    assert times(tmp_path, cells, TimeUnit.s) == [second * SECOND for second in seconds]


def test_days_count_from_midnight_utc(tmp_path: Path) -> None:
    day = int(datetime(2024, 2, 29, tzinfo=UTC).timestamp()) * SECOND
    assert times(tmp_path, ["2024-02-29", "20240229"], TimeUnit.date) == [day, day]
