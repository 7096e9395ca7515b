"""Records of one line: odd lines among valid ones, against a plain reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.line_records import LineRecords, read_line_records
from graphrec_cli.errors import DataError

LAYOUT = Layout(separator=";", encoding="latin-1")
HEADER = b'"a";"b";"c"\r\n'
FIELD = st.text(
    st.characters(max_codepoint=255, exclude_characters='\0\r\n\\"'), max_size=4
) | st.sampled_from(["NA", "null", "007", "1e5", "", "x;y", "&amp;", 'a "b" c', "9" * 19, "\x85"])
ODD_LINES = {
    b'"1";"2"': "not 3 fields",
    b'"1";"2";"3";"4"': "not 3 fields",
    b'"1";"2;3': "its quotes do not match",
    b'"1";"2"x;"3"': "its quotes do not match",
    b'"1";"2\0";"3"': "a NUL byte",
    b"1,2,3": "not 3 fields",
}


def read(folder: Path, content: bytes) -> LineRecords:
    path = folder / "lines.csv"
    path.write_bytes(content)
    return read_line_records(path, ("c", "a"), LAYOUT)


@given(
    lines=st.lists(
        st.tuples(FIELD, FIELD, FIELD) | st.sampled_from([*ODD_LINES, b""]), max_size=12
    ),
    newlines=st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=12, max_size=12),
    doubled=st.booleans(),
    last_newline=st.booleans(),
)
def test_sound_lines_survive_unchanged_and_bad_ones_are_told_apart(
    tmp_path: Path,
    lines: list[tuple[str, str, str] | bytes],
    newlines: list[bytes],
    doubled: bool,
    last_newline: bool,
) -> None:
    content, rows, bad = HEADER, [], []
    for number, (line, newline) in enumerate(zip(lines, newlines, strict=False), start=2):
        if isinstance(line, bytes):
            written = line
            if line:
                bad.append((number, ODD_LINES[line], line.decode("latin-1")))
        else:
            quote = '""' if doubled else '\\"'
            written = ";".join(f'"{field.replace(chr(34), quote)}"' for field in line).encode(
                "latin-1"
            )
            rows.append((number, line[0], line[2]))
        content += written + newline
    if not last_newline:
        content = content.removesuffix(b"\n").removesuffix(b"\r")
    records = read(tmp_path, content)
    columns = records.columns
    found = zip(records.line.tolist(), columns["a"].tolist(), columns["c"].tolist(), strict=True)
    assert list(found) == rows
    assert [(line.line, line.reason, line.text) for line in records.bad] == bad
    assert {line.file for line in records.bad} <= {"lines.csv"}


def test_unquoted_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    records = read(tmp_path, b"\xef\xbb\xbfc;b;a\n0001;x;NA\n 2 ; ;\n")
    assert records.columns["a"].tolist() == ["NA", ""]
    assert records.columns["c"].tolist() == ["0001", " 2 "]


def test_a_backslash_is_kept_but_before_a_quote_or_another_one(tmp_path: Path) -> None:
    records = read(tmp_path, HEADER + b'"\\8\\\\9";"";"a\\"b"\n"x\\\\";"";"y"\n')
    assert records.columns["a"].tolist() == ["\\8\\9", "x\\"]
    assert records.columns["c"].tolist() == ['a"b', "y"]


def test_a_line_of_control_characters_or_odd_blanks_is_no_blank_one(tmp_path: Path) -> None:
    records = read(tmp_path, HEADER + b'"1";"2";"3"\n\x1f\n \t\r\n\xa0\n')
    assert records.line.tolist() == [2]
    assert [(line.line, line.text) for line in records.bad] == [(3, "\x1f"), (5, "\xa0")]


def test_columns_that_are_not_wanted_may_share_a_name(tmp_path: Path) -> None:
    records = read(tmp_path, b"x;a;x;c\n1;2;3;4\n")
    assert [column.tolist() for column in records.columns.values()] == [["4"], ["2"]]


def test_a_lone_carriage_return_is_no_line_end(tmp_path: Path) -> None:
    records = read(tmp_path, HEADER + b'"a\rb";"";"c"\n"d\r";"";"e"\r\n')
    assert records.columns["a"].tolist() == ["a\rb", "d\r"]
    assert records.line.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it needs a header line"),
        (b"\n", "must have one column c, a; its header has no readable names"),
        (b'"a";"b"\n', "must have one column c; its header has a, b"),
        (b'"a";"a";"c"\n', "must have one column a; its header has a, a, c"),
        (b'"a";"b;c\n', "must have one column c, a; its header has no readable names"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)
