"""The faulty line is named however far down it is, and whatever lines are above it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_cli.data.tables.columns import NumberColumn, TextColumn
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.read_csv import check_first_rows, read_csv_columns
from graphrec_cli.data.tables.text_ids import TextIdColumn
from graphrec_cli.errors import DataError

ROWS = 45_000
COLUMNS = (TextColumn("user"), NumberColumn("rating", low=0, high=5))
IDS = (TextIdColumn("user"), NumberColumn("rating", low=0, high=5))


@pytest.mark.slow
@settings(max_examples=12)
@given(
    row=st.integers(0, ROWS - 1),
    blank_before=st.lists(st.integers(0, ROWS - 1), max_size=3, unique=True),
    end=st.sampled_from(["\n", "\r\n"]),
    separator=st.sampled_from([",", "::"]),
    headless=st.booleans(),
    quote=st.sampled_from([None, 0, ROWS - 1]),
)
def test_a_faulty_cell_far_down_is_named_with_its_line(
    tmp_path: Path,
    row: int,
    blank_before: list[int],
    end: str,
    separator: str,
    headless: bool,
    quote: int | None,
) -> None:
    lines = [f"user{separator}rating"] if not headless else []
    for number in range(ROWS):
        if number in blank_before:
            lines.append(" ")
        user = f'"{number}"' if number == quote else str(number)
        lines.append(f"{user}{separator}{'x' if number == row else 3}")
        if number == row:
            faulty = len(lines)
    path = tmp_path / "table.csv"
    path.write_bytes(end.join(lines).encode())
    layout = Layout(separator=separator, names=("user", "rating") if headless else None)
    with pytest.raises(DataError, match=f"table.csv, line {faulty}: rating 'x' is not a number"):
        read_csv_columns(path, COLUMNS, layout)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["u,3", "u,x"], "line 3: rating 'x' is not a number"),
        (["u,3", "u"], "line 3: 1 field where the header has 2"),
        (["u,3", "u,3"], None),
        (["u,3"] * 999 + ["u,x"], "line 1001: rating 'x'"),
        (["u,3"] * 1000 + ["u,x"], None),
        (["u,3", "", "  ", "u,4"], None),
        (['"u",3', "u,x"], "line 3: rating 'x'"),
        (['"u,3', 'v",3'], "line 2: its quotes join 2 lines"),
        (['u"v,3', '"u,v",3', '"say ""u""",3'], None),
        (['"u', *["u,4"] * 50_000], "(the quote in line 2 is not closed)"),
        (["u,3"] * 1000 + ['"u'], None),
    ],
)
def test_the_first_rows_are_checked_alone(
    tmp_path: Path, lines: list[str], fault: str | None
) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["user,rating", *lines]))
    if fault is None:
        check_first_rows(path, COLUMNS, Layout())
    else:
        with pytest.raises(DataError, match=re.escape(fault)):
            check_first_rows(path, COLUMNS, Layout())


def message_of(read: Callable[..., object], path: Path) -> str | None:
    try:
        read(path, IDS, Layout())
    except DataError as error:
        return str(error)
    return None


@given(text=st.text(alphabet='"",,u3\n\n ', min_size=1, max_size=30))
def test_a_fault_of_the_first_rows_is_that_of_the_whole_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"user,rating\n{text}")
    early = message_of(check_first_rows, path)
    assert early in (None, message_of(read_csv_columns, path))
