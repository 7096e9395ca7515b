"""Dates and times of the command line, against numpy's own reading of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.iso_time import IsoTime, nanoseconds_of
from graphrec_cli.errors import ConfigError

TIMES = st.datetimes(datetime(1678, 1, 2), datetime(2261, 12, 30)).map(
    lambda time: time.replace(microsecond=0)
)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01", 0),
        ("1970-01-02", 86_400 * 10**9),
        ("1970-01-01T00:01", 60 * 10**9),
        ("1970-01-01 00:00:01Z", 10**9),
        ("1970-01-01T01:00+01:00", 0),
        ("1969-12-31T23:59:59.999999999", -1),
        ("1970-01-01T00:00:00.5-00:30", 1_800_500_000_000),
    ],
)
def test_by_hand(text: str, nanoseconds: int) -> None:
    assert nanoseconds_of(text) == nanoseconds
    IsoTime().check("split.test_from", text)


@given(TIMES, st.integers(0, 10**9 - 1), st.sampled_from("T "), st.integers(-14 * 60, 14 * 60))
def test_every_time_and_zone_to_the_nanosecond(
    time: datetime, fraction: int, between: str, minutes: int
) -> None:
    utc = f"{time.isoformat()}.{fraction:09}"
    expected = int(np.datetime64(utc, "ns").astype(np.int64))
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    local = (time + timedelta(minutes=minutes)).isoformat(sep=between)
    assert nanoseconds_of(f"{local}.{fraction:09}{sign}{hours:02}:{rest:02}") == expected
    assert nanoseconds_of(utc) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2020",
        "2020-2-1",
        "20200201",
        "2020-02-30",
        "2020-02-01T25:00",
        "2020-02-01T12:00:00.1234567890",
        "2020-02-01T12:00.5.5",
        "2020-02-01 12:00 UTC",
        "1600-01-01",
        "2262-01-01",
        "२०२०-०२-०१",
    ],
)
def test_other_texts_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^split\.test_from must be a date such as 2020-02-01"):
        IsoTime().check("split.test_from", text)
