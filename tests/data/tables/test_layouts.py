"""Layouts that people's files have: quotes, comments, separators, packings and JSON lines."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.data.files import files
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pairs(config: TableConfig) -> list[tuple[str, str]]:
    table = TABLE.read(config, data_dir=Path("data"), seed=0).table
    return list(zip(table.user_id.tolist(), table.item_id.tolist(), strict=True))


def write(content: str | bytes, name: str = "a.csv") -> str:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


HEROES = (
    'user\titem\tplays\nu1\t"Heroes\t3\nu2\tLow"\t5\nu3\t"weird al" yankovic\t7\nu4\tsay "hi"\t2\n'
)


def test_quotes_that_are_part_of_the_text_join_no_lines() -> None:
    path = write(HEROES, "a.tsv")
    with pytest.raises(DataError, match=r"line 2: item has a line break .* dataset\.quoted=false"):
        pairs(TableConfig(path=path))
    assert pairs(TableConfig(path=path, quoted=False)) == [
        ("u1", '"Heroes'),
        ("u2", 'Low"'),
        ("u3", '"weird al" yankovic'),
        ("u4", 'say "hi"'),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            'user,item\na,b\nc,"d" e\n',
            r"line 3: text follows the closing quote of a field; .*quoted=false",
        ),
        (
            'user,item\na,"b\nc,d\n',
            r"the file ends before a closing quote.*quoted=false.*line 2 is not closed",
        ),
        (
            'user,item\na,"12\\" mix, vol 0"\n',
            r"line 2: .*; write a quote within quotes twice, as csv does, instead of with a back",
        ),
        ('user,item,note\na,b,"x\nc,d,y"\n', r"line 2: its quotes join 2 lines, each of which"),
        ('user,item,n\na,b,"x\nc,d,y",1\n', r"line 3: 4 fields .* dataset\.quoted=false"),
        ('user,item,rating\n"a,b,1\nc",d,1\n', r"line 2: user has a line break"),
    ],
)
def test_quotes_in_doubt_are_refused(content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pairs(TableConfig(path=write(content)))


def test_quotes_that_surround_a_field_are_read() -> None:
    content = 'user,item,note\n"a, b","c ""d""","two\nlines"\nf,"e",""\n'
    expected = [("a, b", 'c "d"'), ("f", "e")]
    assert pairs(TableConfig(path=write(content))) == expected
    # A last line of a text that has as many commas as a row, but no rating where a row has one.
    text = 'user,item,rating,note\na,b,1,"good,\nbut, well, long, really"\n'
    assert pairs(TableConfig(path=write(text))) == [("a", "b")]


CELL = st.text('ab"\t ', min_size=1, max_size=4).filter(lambda cell: cell.strip() == cell)


@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_rows_with_any_quotes_are_as_written_or_refused(rows: list[tuple[str, str]]) -> None:
    lines = [f"{user},{item}" for user, item in rows]
    path = write("\n".join(["user,item", *lines]))
    assert pairs(TableConfig(path=path, quoted=False)) == rows
    try:
        read = pairs(TableConfig(path=path))
    except DataError:
        assert '"' in "".join(lines)
    else:
        assert len(read) == len(rows)


def test_titles_have_a_layout_of_their_own() -> None:
    config = TableConfig(
        path=write("user;item\na;1\nb;2\n"),
        separator=Separator.semicolon,
        items_path=write("2|Deux, \xe9\n1|Un\n".encode("latin-1"), "titles.txt"),
        items_separator=Separator.pipe,
        items_encoding="latin-1",
        items_columns=["item", "title"],
    )
    titles = TABLE.read(config, data_dir=Path("data"), seed=0).titles
    assert titles is not None
    assert dict(zip(titles[0].tolist(), titles[1].tolist(), strict=True)) == {
        "1": "Un",
        "2": "Deux, \xe9",
    }
    with pytest.raises(ConfigError, match=r"items_quoted needs a file of titles"):
        TableConfig(path="a.csv", items_quoted=False)


def test_comments_are_skipped_or_refused() -> None:
    path = write("% asym\n% 1 2\n1 2\n% more\n3 4\n", "out.txt")
    config = TableConfig(path=path, columns=["user", "item"], separator=Separator.space)
    with pytest.raises(DataError, match=r"looks like a comment; set dataset\.comment='%'"):
        pairs(config)
    config.comment = "%"
    assert pairs(config) == [("1", "2"), ("3", "4")]
    with_header = TableConfig(path=write("# made by x\n\nuser,item\n#1,2\n3,x"), comment="# made")
    assert pairs(with_header) == [("#1", "2"), ("3", "x")]
    with pytest.raises(ConfigError, match=r"comment must not begin or end with blanks"):
        TableConfig(path="a.csv", comment=" %")
    write("% x\n1 2\n3 4 5\n", "out.txt")
    with pytest.raises(DataError, match="line 3: 3 fields"):
        pairs(config)


@given(
    rows=st.lists(st.tuples(*[st.text("ab1:", min_size=1, max_size=3)] * 2), min_size=1),
    blanks=st.sampled_from([" ", "  ", "\t", " \t "]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_runs_of_blanks_separate(rows: list[tuple[str, str]], blanks: str, newline: str) -> None:
    lines = [f"{blanks}{user}{blanks}{item}{blanks}" for user, item in [("user", "item"), *rows]]
    config = TableConfig(path=write(newline.join(lines)), separator=Separator.blanks)
    assert pairs(config) == rows


def test_a_wrong_separator_is_named_without_a_header_line() -> None:
    config = TableConfig(path=write("1::2::3\n"), columns=["user", "item", "rating"])
    with pytest.raises(DataError, match=r"has no comma, but a '::'; set dataset\.separator=double"):
        pairs(config)
    config.separator = Separator.double_colon
    assert pairs(config) == [("1", "2")]


def test_names_that_nothing_reads_are_refused() -> None:
    config = TableConfig(path=write("1,2,3\n"), columns=["user", "item", "raiting"])
    with pytest.raises(DataError, match=r"raiting, which nothing reads; did you mean 'rating'\?"):
        pairs(config)
    config.columns = ["user", "item", "_weight"]
    assert pairs(config) == [("1", "2")]
    config.columns, config.rating = ["user", "item", "rating"], ""
    assert pairs(config) == [("1", "2")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1001:\n7,5,2005-09-06\n", r"looks like blocks, '1001:'"),
        (
            b"user," + b",".join(b"m%d" % i for i in range(30)),
            r"if its 31 columns are items, it is a m",
        ),
        (b"user,item\r1,2\r", r"ends its lines with CR alone"),
        (b"SQLite format 3\0", r"is no text but an SQLite database"),
        (b"7z\xbc\xaf\x27\x1c", r"is no text but a 7-Zip archive"),
        (
            gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar" + bytes(300), mtime=0),
            r"a tar archive",
        ),
        (b"[\n1]", r"line 1: not a JSON object"),
        (b"{'user': 1}\n", r"line 1: not a JSON object"),
    ],
)
def test_other_files_are_called_by_their_names(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pairs(TableConfig(path=write(content)))


def zstd(content: bytes) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.CompressedOutputStream(buffer, "zstd") as stream:
        stream.write(content)
    packed: bytes = buffer.getvalue().to_pybytes()
    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": zstd,
}


@pytest.mark.parametrize("ending", list(PACKERS))
def test_packed_files_by_their_ending_or_first_bytes(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = PACKERS[ending](b"user,item\n" + b"a,007\n" * 1000)
    for name in (f"a.csv{ending}", "b.csv"):
        assert pairs(TableConfig(path=write(packed, name))) == [("a", "007")] * 1000
    with pytest.raises(DataError, match=r"is (truncated|damaged)"):
        pairs(TableConfig(path=write(packed[: len(packed) // 2], "b.csv")))
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(DataError, match="unpacks to more than 1000 bytes"):
        pairs(TableConfig(path=f"a.csv{ending}"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    path = write(f"{mark}user,item\n\u0117,\u0a0a\n".encode(encoding))
    assert pairs(TableConfig(path=path)) == [("\u0117", "\u0a0a")]


def test_a_file_in_a_zip_has_its_true_path() -> None:
    with zipfile.ZipFile("x.zip", "w") as archive:
        for name in ("ratings.csv", "ml-x/ratings.csv"):
            archive.writestr(name, f"user,item\n1,{name}\n")
    for name in ("ratings.csv", "ml-x/ratings.csv"):
        assert pairs(TableConfig(path=f"x.zip/{name}")) == [("1", name)]
    with pytest.raises(DataError, match=r"found 0 \(it contains ratings\.csv, ml-x/ratings\.csv\)"):
        pairs(TableConfig(path="x.zip/no.csv"))


SCALAR = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\ufeff\u200b\u2060"), min_size=1, max_size=5
)


@given(ids=st.lists(st.tuples(SCALAR.filter(str.strip), st.integers()), min_size=1, max_size=6))
def test_json_lines_give_ids_as_written(ids: list[tuple[str, int]]) -> None:
    rows = [json.dumps({"item": item, "x": [1], "user": user}) for user, item in ids]
    config = TableConfig(path=write("\n\n".join(rows), "a.csv"), quoted=False, missing_ids=[])
    assert pairs(config) == [(user.strip(), str(item)) for user, item in ids]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"user": 1, "item": [2]}', "line 2: item is a list or an object"),
        ('{"user": 1}', "line 2: item '' is empty"),
        ('{"user": 1, "item": null}', "line 2: item '' is empty"),
        ('{"user": 1, "item": 2', "line 2: not a JSON object on one line"),
        ('{"user": 1, "item": "\\ud800"}', "line 2: not a JSON object on one line"),
        ("[" * 100_000, "line 2: not a JSON object on one line"),
    ],
)
def test_faulty_json_lines_are_named(line: str, message: str) -> None:
    path = write('{"user": 1e2, "item": 12345678901234567890.50}\n', "a.jsonl")
    assert pairs(TableConfig(path=path)) == [("1e2", "12345678901234567890.50")]
    with pytest.raises(DataError, match=message):
        pairs(TableConfig(path=write(f'{{"user": 1, "item": 2}}\n{line}\n', "a.jsonl")))
    with pytest.raises(ConfigError, match=r"dataset\.comment applies only to text, .* is JSON"):
        pairs(TableConfig(path="a.jsonl", comment="%"))
