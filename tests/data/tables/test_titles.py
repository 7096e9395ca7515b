"""Titles of items: every edition and packing, text kept as it is, and faults named in one line."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.tables.titles import read_titles
from graphrec_cli.errors import DataError

ID_COLUMNS = {"goodreads_book_id": "book_id", "id": "id"}
FIRST_EDITION = b"id,book_id,title\n7,300,Emma\n2,100,Persuasion\n"
SECOND_EDITION = b"book_id,goodreads_book_id,title\n7,300,Emma\n2,100,Persuasion\n"


def read(folder: Path, content: bytes) -> dict[int, str]:
    path = folder / "books.csv"
    path.write_bytes(content)
    return as_dict(path)


def as_dict(path: Path) -> dict[int, str]:
    ids, titles = read_titles(path, ID_COLUMNS, "title")
    assert ids.dtype == np.int64
    assert titles.dtype.kind == "U"
    assert (np.diff(ids) > 0).all()
    return dict(zip(ids.tolist(), titles.tolist(), strict=True))


@pytest.mark.parametrize("content", [FIRST_EDITION, SECOND_EDITION])
def test_each_edition_gives_the_ids_that_its_ratings_use(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == {2: "Persuasion", 7: "Emma"}


def test_packed_files_read_as_plain_ones(tmp_path: Path) -> None:
    packed = tmp_path / "books.csv.gz"
    packed.write_bytes(gzip.compress(FIRST_EDITION))
    archive_path = tmp_path / "books.csv.zip"
    with zipfile.ZipFile(archive_path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("books.csv", FIRST_EDITION)
    assert as_dict(packed) == as_dict(archive_path) == {2: "Persuasion", 7: "Emma"}


@given(
    books=st.dictionaries(
        st.integers(0, 2**63 - 1),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
        | st.sampled_from(["NA", "null", "nan", "", "1984", "1e5", 'He said "no", and left\nher']),
        min_size=1,
        max_size=8,
    ),
    order=st.permutations(["id", "title", "isbn"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_every_title_comes_back_as_it_was_written(
    tmp_path: Path, books: dict[int, str], order: list[str], newline: str, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, order, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({"id": id, "title": title, "isbn": "x"} for id, title in books.items())
    assert read(tmp_path, text.getvalue().encode(encoding)) == books


def test_unquoted_words_for_nothing_are_titles(tmp_path: Path) -> None:
    content = b"id,title\n1,NA\n2,null\n3,\n4,nan\n5,None\n6,1984\n"
    titles = ["NA", "null", "", "nan", "None", "1984"]
    assert read(tmp_path, content) == dict(enumerate(titles, start=1))


def test_of_a_repeated_id_the_first_row_counts_however_it_is_written(tmp_path: Path) -> None:
    content = b"id,title\n3,first\n1,other\n03,second\n3,third\n"
    assert read(tmp_path, content) == {1: "other", 3: "first"}


def test_blank_lines_and_spaces_in_the_header_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"id, title\n\n1,A\n\n2,B\n\n") == {1: "A", 2: "B"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty; it needs a header line"),
        (b"id,title\n", "has a header line and no rows"),
        (b"title,isbn\nEmma,1\n", "has no column goodreads_book_id or id; it has title, isbn"),
        (b"goodreads_book_id,title\n1,A\n", "has no column book_id; it has goodreads_book_id,"),
        (b"id,name\n1,A\n", "has no column title; it has id, name"),
        (
            b"id,title,title\n1,A,B\n",
            "has no column title; it has id, title (1), title (2)",
        ),
        (b"id,title\n1,A\nB2,B\n", "line 3: id 'B2' is not a whole number"),
        (b"id,title\n1,A\n,B\n", "line 3: id '' is not a whole number"),
        (b"id,title\n1.5,A\n", "line 2: id '1.5' is not a whole number"),
        (b"id,title\n1_0,A\n", "line 2: id '1_0' is not a whole number"),
        (b"id,title\n-1,A\n", "line 2: id '-1' is outside 0.."),
        (b"id,title\n" + b"9" * 5000 + b",A\n", "9...' is outside 0.."),
        (b"id,title\n1,2,A\n2,4,B\n", "line 2: 3 fields where the header has 2"),
        (b"id,title\n1,A\n2,B,C\n", "line 3"),
        (b'id,title\n1,"A\n2,B\n', "line 3: the file ends before a closing quote"),
        (b"id,title\n1,A\0B\n", "line 2: a NUL byte"),
        ("id,title\n1,Les misérables\n".encode("latin-1"), "line 2: byte 0xe9 is not valid UTF-8"),
    ],
)
def test_faulty_files_are_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "books.csv"))
    assert words in message
    assert "\n" not in message
    assert len(message) < len(str(tmp_path)) + 200


def test_damaged_packings_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(FIRST_EDITION)
    path = tmp_path / "books.csv.gz"
    path.write_bytes(whole[:-12])
    with pytest.raises(DataError, match=r"books\.csv\.gz is truncated"):
        read_titles(path, ID_COLUMNS, "title")
    path.write_bytes(whole[:-8] + bytes(byte ^ 255 for byte in whole[-8:]))
    with pytest.raises(DataError, match=r"books\.csv\.gz is damaged"):
        read_titles(path, ID_COLUMNS, "title")
    archive = tmp_path / "books.csv.zip"
    archive.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(DataError, match=r"books\.csv\.zip is damaged"):
        read_titles(archive, ID_COLUMNS, "title")
