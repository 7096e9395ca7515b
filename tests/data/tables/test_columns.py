"""Text and numbers in csv files: kept exactly, the first faulty line named."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.tables.columns import NumberColumn, TextColumn
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
        (b"user,item\na,b\nc\n", "line 3: 1 field where the header has 2"),
        (b"user,note\na,b\nc\n", "line 3: 1 field where the header has 2"),
        (b"user,note\na,b\nc,d,e\n", "line 3: 3 fields where the header has 2"),
        (b"user,note\na,b\n" + b"x" * 257 + b",e\n", r"line 3: user 'x+\.\.\.' is longer than 256"),
        (b"user,note\na,b\nc\0,e\n", "line 3: a NUL byte"),
        (b"user,note\na,b\nc\xe9,e\n", "line 3: byte 0xe9 is not valid UTF-8"),
        (b'user,note\na,b\n"c,e\n', "line 3: the file ends before a closing quote"),
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


@pytest.mark.parametrize("cell", ["1_0", "\u0665", "9" * 30, "18446744073709551615", "0x10"])
def test_what_python_alone_takes_for_a_number_is_named(tmp_path: Path, cell: str) -> None:
    content = f"rating,user\n1,a\n{cell},b\n".encode()
    with pytest.raises(DataError, match=r"line 3: rating '.*' is not a number"):
        read_csv_columns(write(tmp_path, content), [NumberColumn("rating", low=-1e38, high=1e38)])
