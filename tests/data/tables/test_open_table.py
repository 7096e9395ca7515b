"""Finding a table's file, and reading its head."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.data.tables.columns import TextColumn
from graphrec_cli.data.tables.open_table import find_table, open_table
from graphrec_cli.errors import DataError

CONTENT = b"user,item\na,5\n"
DATA_DIR = Path("data")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an empty data_dir in it."""
    monkeypatch.chdir(tmp_path)
    DATA_DIR.mkdir()
    return tmp_path


def find(name: str) -> Path:
    return find_table("dataset.path", name, DATA_DIR)


def test_packed_files_and_files_in_a_zip(folder: Path) -> None:
    Path("packed.csv.gz").write_bytes(gzip.compress(CONTENT))
    with zipfile.ZipFile("all.zip", "w") as archive:
        archive.writestr("deep/ratings.csv", CONTENT)
    for name in ("packed.csv", "packed.csv.gz", "all.zip/ratings.csv", f"{folder}/packed.csv"):
        table = open_table(find(name), TableConfig(path=name).text_format())
        assert table.kinds == {"user": "text", "item": "number"}
        assert table.read([TextColumn("item")])["item"].tolist() == ["5"]
    assert find("all.zip") == Path("all.zip/deep/ratings.csv")


def test_the_working_directory_comes_before_data_dir() -> None:
    Path("a.csv").write_bytes(CONTENT)
    (DATA_DIR / "a.csv").write_bytes(CONTENT)
    assert find("a.csv") == Path("a.csv")
    Path("a.csv").unlink()
    assert find("a.csv") == DATA_DIR / "a.csv"
    with pytest.raises(DataError, match=r"dataset\.path names no\.csv .* not found in .* nor in"):
        find("no.csv")
    with pytest.raises(DataError, match=r"dataset\.path names /no/no\.csv .* is not found$"):
        find("/no/no.csv")


@pytest.mark.parametrize("name", ["a.tsv", "a.TXT", "a.inter", "a.item", "a.tsv.gz"])
def test_these_endings_mean_tabs(name: str) -> None:
    content = b"user\titem\na\tb\n"
    Path(name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    layout = open_table(Path(name), TableConfig(path=name).text_format()).layout
    assert layout is not None
    assert layout.separator == "\t"


@pytest.mark.parametrize("separator", list(Separator))
def test_another_separator_in_the_header_line_is_named(separator: Separator) -> None:
    Path("a.csv").write_text(f"user{separator.value}item\na{separator.value}b\n")
    config = TableConfig(path="a.csv")
    if separator is not Separator.comma:
        with pytest.raises(DataError, match=r"has no comma, but .*; set dataset.separator="):
            open_table(Path("a.csv"), config.text_format())
    config.separator = separator
    assert list(open_table(Path("a.csv"), config.text_format()).kinds) == ["user", "item"]
