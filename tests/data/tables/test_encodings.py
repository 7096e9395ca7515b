"""UTF-16 with and without its mark, UTF-8 copies of latin-1 files, and `::` in quotes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec_cli.config.book_crossing import BookCrossingConfig
from graphrec_cli.config.movielens import MovieLens1MConfig
from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.book_crossing import BOOK_CROSSING
from graphrec_cli.data.sources.movielens import MOVIELENS_1M
from graphrec_cli.data.sources.table import TABLE
from graphrec_cli.errors import DataError

TEXT = "user,item\nJos\u00e9,\u0117\u0a0a\nb,2\n"
PAIRS = [("Jos\u00e9", "\u0117\u0a0a"), ("b", "2")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pairs(config: TableConfig) -> list[tuple[str, str]]:
    TABLE.check(config, data_dir=Path())
    table = TABLE.read(config, data_dir=Path(), seed=0).table
    return list(zip(table.user_id.tolist(), table.item_id.tolist(), strict=True))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_named_and_read_as_the_error_says(encoding: str) -> None:
    Path("a.csv").write_bytes(TEXT.encode(encoding))
    other = {"utf-16-le": "utf-16-be", "utf-16-be": "utf-16-le"}[encoding]
    for wrong in ("utf-8", "latin-1", other):
        message = rf"looks like {encoding.upper()} without .* dataset\.encoding={encoding} "
        with pytest.raises(DataError, match=message):
            pairs(TableConfig(path="a.csv", encoding=wrong))
    for right in (encoding, "utf-16", encoding.upper()):
        assert pairs(TableConfig(path="a.csv", encoding=right)) == PAIRS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("written", ["utf-16-le", "utf-16-be"])
def test_the_mark_of_utf_16_decides(encoding: str, written: str) -> None:
    Path("a.csv").write_bytes(f"\ufeff{TEXT}".encode(written))
    assert pairs(TableConfig(path="a.csv", encoding=encoding)) == PAIRS


def test_text_that_is_not_utf_16_is_refused() -> None:
    Path("a.csv").write_text(TEXT, encoding="utf-8")
    with pytest.raises(DataError, match="does not look like UTF-16-LE; set another"):
        pairs(TableConfig(path="a.csv", encoding="utf-16-le"))
    Path("a.csv").write_bytes(b"user,item\na,b\0\n")
    with pytest.raises(DataError, match="line 2: a NUL byte; the file is damaged"):
        pairs(TableConfig(path="a.csv"))


def titles(source: SourceData) -> list[str]:
    assert source.titles is not None
    found: list[str] = np.asarray(source.titles[1]).tolist()
    return found


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_titles_of_published_files_in_either_encoding(folder: Path, encoding: str) -> None:
    (folder / "ml-1m").mkdir()
    (folder / "ml-1m/ratings.dat").write_text("1::1::5::978300760\n1::2::4::978300761\n")
    movies = "1::Mis\u00e9rables, Les (1995)::Drama\n2::\u00c9toile::Drama\n"
    (folder / "ml-1m/movies.dat").write_bytes(movies.encode(encoding))
    movielens = MOVIELENS_1M.read(MovieLens1MConfig(download=False), data_dir=folder, seed=0)
    assert titles(movielens) == ["Mis\u00e9rables, Les (1995)", "\u00c9toile"]
    (folder / "book-crossing").mkdir()
    ratings = '"User-ID";"ISBN";"Book-Rating"\n"1";"a";"5"\n'
    books = '"ISBN";"Book-Title"\n"a";"L\'\u00e9t\u00e9"\n'
    (folder / "book-crossing/BX-Book-Ratings.csv").write_bytes(ratings.encode(encoding))
    (folder / "book-crossing/BX-Books.csv").write_bytes(books.encode(encoding))
    crossing = BOOK_CROSSING.read(BookCrossingConfig(download=False), data_dir=folder, seed=0)
    assert titles(crossing) == ["L'\u00e9t\u00e9"]


def test_two_colons_in_quotes_stay_in_the_text() -> None:
    Path("a.csv").write_text("user,item\nu,1\nu,x::y\n")
    Path("titles.dat").write_text('item::title\n1::"A::10"\n"x::y"::B\n')
    config = TableConfig(
        path="a.csv", items_path="titles.dat", items_separator=Separator.double_colon
    )
    TABLE.check(config, data_dir=Path())
    source = TABLE.read(config, data_dir=Path(), seed=0)
    assert titles(source) == ["A::10", "B"]
    Path("b.dat").write_text('user::"item::id"\nu::"x::y"\n')
    config = TableConfig(path="b.dat", separator=Separator.double_colon, item="item::id")
    assert pairs(config) == [("u", "x::y")]


@pytest.mark.parametrize(
    "word", ["#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "###", "#####", "#" * 30]
)
def test_errors_of_spreadsheets_are_missing_ids(word: str) -> None:
    Path("a.csv").write_text(f"user,item\nu,1\nu,{word}\n")
    with pytest.raises(DataError, match=r"line 3: item .* is the word for a missing value"):
        pairs(TableConfig(path="a.csv"))
    assert pairs(TableConfig(path="a.csv", missing_ids=[])) == [("u", "1"), ("u", word)]
