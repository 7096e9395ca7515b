"""Read csv columns: the values of valid files, and the line named for faulty ones."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.tables.columns import IdColumn, NumberColumn
from graphrec_cli.data.tables.read_csv import read_csv_columns
from graphrec_cli.errors import DataError

COLUMNS = (IdColumn("user"), IdColumn("item"), NumberColumn("rating", low=1.0, high=5.0))
HEADER = b"user,item,rating\n"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content)
    return path


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2**63 - 1),
            st.integers(0, 10),
            st.integers(10, 50).map(lambda tenths: tenths / 10),
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5),
        ),
        min_size=1,
        max_size=20,
    ),
    order=st.permutations(["user", "item", "rating", "note"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
    last_newline=st.booleans(),
)
def test_any_order_newline_and_other_columns_give_the_same_values(
    tmp_path: Path,
    rows: list[tuple[int, int, float, str]],
    order: list[str],
    newline: str,
    encoding: str,
    last_newline: bool,
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, order, lineterminator=newline)
    writer.writeheader()
    writer.writerows(
        dict(zip(("user", "item", "rating", "note"), row, strict=True)) for row in rows
    )
    content = text.getvalue() if last_newline else text.getvalue().removesuffix(newline)
    arrays = read_csv_columns(write(tmp_path, content.encode(encoding)), COLUMNS)
    assert list(arrays) == ["user", "item", "rating"]
    dtypes = [np.asarray(arrays[name]).dtype for name in arrays]
    assert dtypes[:2] == [np.int64, np.int64]
    assert dtypes[2] in (np.float32, np.float64)
    np.testing.assert_array_equal(arrays["user"], [row[0] for row in rows])
    np.testing.assert_array_equal(arrays["item"], [row[1] for row in rows])
    np.testing.assert_array_equal(
        arrays["rating"], np.array([row[2] for row in rows], dtype=np.float64)
    )


def test_the_arrays_may_be_written_to(tmp_path: Path) -> None:
    arrays = read_csv_columns(write(tmp_path, HEADER + b"1,2,3\n"), COLUMNS)
    assert all(np.asarray(array).flags.writeable for array in arrays.values())


def test_blank_lines_and_quotes_are_no_fault(tmp_path: Path) -> None:
    arrays = read_csv_columns(write(tmp_path, HEADER + b'\n"1","2","3.5"\n\n'), COLUMNS)
    assert [array.tolist() for array in arrays.values()] == [[1], [2], [3.5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it needs a header line with user, item, rating"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\n", "is empty"),
        (HEADER, "has a header line and no rows"),
        (HEADER.strip(), "has a header line and no rows"),
        (b"user,book\n1,2\n", "has no column item, rating; its header line has user, book"),
        (
            b"user,item,item,rating\n1,2,2,3\n",
            "has no column item; its header line has user, item \\(1\\), item \\(2\\)",
        ),
        (HEADER + b"\xef\xbb\xbf1,2,3\n1,2,3\n", r"line 2: user '\?1' is not a whole number"),
        (HEADER + b'1,2,3\n""\n1,2,3\n', "line 3: 1 field where the header has 3"),
        (HEADER + b'1,2,3\n" "\n1,2,3\n', "line 3: 1 field where the header has 3"),
        (HEADER + b"1,2\x1f,3\n", r"line 2: item '2\?' is not a whole number"),
        (HEADER + b"1,2,3\n1,\xc2\x852,3\n", r"line 3: item '\?2' is not a whole number"),
        (HEADER + b"1,2,3\n\xc2\xa0\n1,2,3\n", "line 3: 1 field where the header has 3"),
        (HEADER + b"1,2,3\n1,2,good\n", "line 3: rating 'good' is not a number"),
        (HEADER + b"1,2,3\n1,2,1_0\n", "line 3: rating '1_0' is not a number"),
        (HEADER + b"1,2,3\n1,2,\n", "line 3: rating '' is empty"),
        (HEADER + b"1,2,3\n1,2,NaN\n", "line 3: rating 'NaN' is not a number"),
        (HEADER + b"1,2,3\n1,2,NA\n", "line 3: rating 'NA' is not a number"),
        (HEADER + b"1,2,3\n1,2,inf\n", "line 3: rating 'inf' is outside 1..5"),
        (HEADER + b"1,2,3\n1,2,0.5\n", "line 3: rating '0.5' is outside 1..5"),
        (HEADER + b"1,2,3\n1,2,6\n", "line 3: rating '6' is outside 1..5"),
        (HEADER + b"1,2,3\n-1,2,3\n", "line 3: user '-1' is outside 0..9223372036854775807"),
        (HEADER + b"9223372036854775808,2,3\n", "line 2: user '9223372036854775808' is outside"),
        (HEADER + b"1,99999999999999999999999,3\n", "line 2: item '9999.*' is outside 0"),
        (HEADER + b"1,2,3\n1.5,2,3\n", "line 3: user '1.5' is not a whole number"),
        (HEADER + b"1,2,3\n1,1e5,3\n", "line 3: item '1e5' is not a whole number"),
        (HEADER + b"9007199254740993,2,3\n1.0,2,3\n", "line 3: user '1.0' is not a whole number"),
        (HEADER + b"1,2,3\n1,2,1e400\n", "line 3: rating '1e400' is outside 1..5"),
        (HEADER + b"1,2,3\n1,2,1e39\n", "line 3: rating '1e39' is outside 1..5"),
        (HEADER + b"1,2,True\n", "line 2: rating 'True' is not a number"),
        (HEADER + b"1,2,3\nTrue,2,3\n", "line 3: user 'True' is not a whole number"),
        (HEADER + b"1,2,3\n,2,3\n", "line 3: user '' is not a whole number"),
        (HEADER + b"1," + b"x" * 99 + b",3\n", r"line 2: item 'x{40}\.\.\.' is not"),
        (HEADER + b"1,2,3\n1,2\n", "line 3: 2 fields where the header has 3"),
        (HEADER + b"1,2,3\n1,2,3,4\n", "line 3: 4 fields where the header has 3"),
        (HEADER + b"1,2,3,4\n1,2,3,4\n", "line 2: 4 fields where the header has 3"),
        (HEADER + b"1,2,3,4\n2,2,3,4\n", "line 2: 4 fields where the header has 3"),
        (HEADER + b"\n \n0,2,3,4\n1,2,3,4\n", "line 4: 4 fields where the header has 3"),
        (HEADER + b"1,2,3,4,5\n1,2,3\n", "line 2: 5 fields where the header has 3"),
        (HEADER + b"1,2,3,\n1,2,3,\n", "line 2: 4 fields where the header has 3"),
        (HEADER + b"1,2,3\n1,2\x00,3\n", "line 3: a NUL byte"),
        (b"us\x00er,item,rating\n1,2,3\n", "line 1: a NUL byte"),
        (HEADER + b"1,2,3\n1,\x00,3\n", "line 3: a NUL byte"),
        (HEADER + b"1,2,3\n1,\xff,3\n", "line 3: byte 0xff is not valid UTF-8"),
        (b"\xffuser,item,rating\n1,2,3\n", "line 1: byte 0xff is not valid UTF-8"),
        (HEADER + b'1,2,3\n1,2,"3\n1,2,3\n', "the file ends before a closing quote"),
        (b"PK\x03\x04 not a text\n1\n", "is no text but a zip archive or an Excel"),
    ],
)
def test_the_first_faulty_line_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_csv_columns(write(tmp_path, content), COLUMNS)
    assert str(caught.value).startswith(str(tmp_path / "table.csv"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (HEADER[:-1] + b",", "has 1,000,004 fields in its header line, more than the 10,000"),
        (HEADER, "line 2: 1,000,001 fields where the header has 3"),
        (HEADER + b"1,2,3\n", "line 3: 1,000,001 fields where the header has 3"),
    ],
    ids=["header", "first row", "second row"],
)
def test_a_line_of_a_million_fields_is_refused_at_once(
    tmp_path: Path, before: bytes, message: str
) -> None:
    path = write(tmp_path, before + b"1," * 1_000_000)
    with pytest.raises(DataError, match=message) as caught:
        read_csv_columns(path, COLUMNS)
    assert len(str(caught.value)) < 400


@pytest.mark.slow
def test_a_fault_far_down_is_found(tmp_path: Path) -> None:
    content = HEADER + b"12345,67890,3\n" * 20_000 + b"1,2,three\n"
    with pytest.raises(DataError, match="line 20002: rating 'three' is not a number"):
        read_csv_columns(write(tmp_path, content), COLUMNS)


def test_other_columns_may_hold_anything(tmp_path: Path) -> None:
    content = b"user,note\n1,x\n2,\n3,7\n4,\xc3\xa9\n"
    arrays = read_csv_columns(write(tmp_path, content), [IdColumn("user")])
    assert arrays["user"].tolist() == [1, 2, 3, 4]


NUMBER_LIKE = st.text("0123456789+-.eExX_ ", min_size=1, max_size=6) | st.integers().map(str)


def python_number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


@given(cells=st.lists(NUMBER_LIKE, min_size=1, max_size=4))
def test_numbers_are_those_that_python_reads(tmp_path: Path, cells: list[str]) -> None:
    column = NumberColumn("score", low=-1e6, high=1e6)
    path = write(tmp_path, "\n".join(["user,score", *(f"u,{cell}" for cell in cells)]).encode())
    numbers = [python_number(cell) for cell in cells]
    faulty = [place for place, number in enumerate(numbers) if number is None or abs(number) > 1e6]
    if faulty:
        with pytest.raises(DataError, match=f"line {faulty[0] + 2}: score '.*' is "):
            read_csv_columns(path, [column])
    else:
        expected = np.array(numbers, dtype=np.float64)
        np.testing.assert_array_equal(read_csv_columns(path, [column])["score"], expected)


@given(cells=st.lists(NUMBER_LIKE, min_size=1, max_size=4))
def test_whole_numbers_are_those_that_python_reads(tmp_path: Path, cells: list[str]) -> None:
    path = write(tmp_path, "\n".join(["note,user", *(f"u,{cell}" for cell in cells)]).encode())
    whole = [re.fullmatch(r" *[+-]?[0-9]+ *", cell) is not None for cell in cells]
    sound = [ok and 0 <= int(cell) < 2**63 for ok, cell in zip(whole, cells, strict=True)]
    if all(sound):
        ids = read_csv_columns(path, [IdColumn("user")])["user"]
        assert ids.tolist() == [int(cell) for cell in cells]
    else:
        with pytest.raises(DataError, match=f"line {sound.index(False) + 2}: user '.*' is "):
            read_csv_columns(path, [IdColumn("user")])


@pytest.mark.parametrize("name", ["*.csv", "a[1].csv", "?.csv", "s3:a.csv", "~.csv"])
def test_the_name_of_a_file_is_no_pattern_and_no_address(tmp_path: Path, name: str) -> None:
    (tmp_path / "a1.csv").write_bytes(b"user\n1\n")
    (tmp_path / name).write_bytes(b"user\n7\n")
    assert read_csv_columns(tmp_path / name, [IdColumn("user")])["user"].tolist() == [7]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + b",,,\n1,2,3\n", "line 2: 4 fields where the header has 3"),
        (HEADER + b'1,2,3\n1,2,"3\n,,,\n', "line 4: the file ends before a closing quote"),
        (HEADER + b'1,2,3\n1,2,"', "line 3: the file ends before a closing quote"),
    ],
)
def test_an_open_quote_swallows_no_rows(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_csv_columns(write(tmp_path, content), COLUMNS)


def test_both_line_ends_may_be_in_one_file(tmp_path: Path) -> None:
    arrays = read_csv_columns(write(tmp_path, HEADER + b"1,2,3\r\n4,5,1\n6,7,2\r\n"), COLUMNS)
    assert arrays["item"].tolist() == [2, 5, 7]


@pytest.mark.slow
def test_rows_that_span_the_blocks_of_the_reader(tmp_path: Path) -> None:
    note = b'"' + b"long,\n" * 20_000 + b'"'
    content = b"user,note\n" + b"".join(b"%d,%s\n" % (user, note) for user in range(60))
    ids = read_csv_columns(write(tmp_path, content), [IdColumn("user")])["user"]
    assert ids.tolist() == list(range(60))
