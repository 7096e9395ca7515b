"""Open a table, delimited text or parquet: the names of its columns and their values."""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import Path, PurePosixPath

from graphrec_cli.config.table import Separator, TextFormat
from graphrec_cli.data.files.files import file_on_disk, find_file, readable
from graphrec_cli.data.files.packing import PACKINGS
from graphrec_cli.data.files.zip_member import list_members, shown_members
from graphrec_cli.data.tables.cells import parsed_number
from graphrec_cli.data.tables.columns import Column, ColumnArray
from graphrec_cli.data.tables.csv_rows import read_head
from graphrec_cli.data.tables.first_lines import refuse_other_layout
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.read_csv import HEAD_ROWS, check_first_rows, read_csv_columns
from graphrec_cli.data.tables.read_json import INNER, json_kinds, looks_like_json, read_json_columns
from graphrec_cli.data.tables.read_parquet import (
    looks_like_parquet,
    parquet_kinds,
    read_parquet_columns,
)
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.terminal_text import shorten

TAB_SUFFIXES = (".tsv", ".tab", ".txt", ".inter", ".item")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
TABLE_SUFFIXES = (".csv", ".dat", ".data", ".parquet", *TAB_SUFFIXES, *JSON_SUFFIXES)
"""In a zip, beside a readme or the like."""


class Format(Enum):
    """What a table's file is."""

    text = "text"
    json = "JSON"
    parquet = "parquet"


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file whose head has been read.

    Attributes:
        path: of the file.
        format: of the file.
        layout: how its text is written, None for other formats.
        kinds: by name of every column, ``number``, ``text`` or ``time``, from the type or the
            first rows; for parquet also the names of other types, for JSON ``INNER``.
    """

    path: Path
    format: Format
    layout: Layout | None
    kinds: dict[str, str]

    @property
    def inner(self) -> list[str]:
        """Names that are read only if they are given: of values of objects in JSON."""
        return [name for name, kind in self.kinds.items() if kind == INNER]

    def check_first_rows(self, columns: Sequence[Column]) -> None:
        """Refuse a file whose first rows are faulty, without reading all of it.

        Raises:
            DataError: as ``read``.
        """
        if self.layout is not None:
            check_first_rows(self.path, columns, self.layout)
        elif self.format is Format.json:
            read_json_columns(self.path, columns, HEAD_ROWS)
        else:
            read_parquet_columns(self.path, columns, HEAD_ROWS)

    def read(self, columns: Sequence[Column]) -> dict[str, ColumnArray]:
        """The values of some columns, each of shape (rows,).

        Raises:
            DataError: the file is damaged or has a faulty line; the error gives its number.
        """
        if self.layout is not None:
            return read_csv_columns(self.path, columns, self.layout)
        if self.format is Format.json:
            return read_json_columns(self.path, columns)
        return read_parquet_columns(self.path, columns)


def find_table(key: str, name: str, data_dir: Path) -> Path:
    """Find the file named by a config key, in the working directory or else in ``data_dir``.

    A file in a zip is written as ``all.zip/ratings.csv``.

    Of a zip with one table, its name is enough.

    Raises:
        DataError: no such file, or a zip with several files.
    """
    _refuse_other_places(key, name)
    named = Path(name)
    for folder in (Path(), data_dir):
        in_zip = file_on_disk(folder / named) != folder / named
        path = folder / named if in_zip else find_file(folder / named.parent, named.name)
        if path is not None:
            return _only_table(key, name, path) if path.suffix == ".zip" else path
        if (folder / named).is_dir():
            files = sorted(path.name for path in (folder / named).iterdir() if path.is_file())
            holds = shorten(", ".join(files), 200) or "no files"
            raise DataError(
                f"{key} names {name}, a folder; name one file in it, as in "
                f"{key}={named / (files[0] if files else 'ratings.csv')} (it contains {holds})"
            )
    places = "" if named.is_absolute() else f" in {Path.cwd()}"
    if places and data_dir != Path():
        places += f" nor in {data_dir}"
    packings = ", ".join(PACKINGS[1:])
    raise DataError(f"{key} names {name} (plain or with {packings}), which is not found{places}")


def _refuse_other_places(key: str, name: str) -> None:
    """Refuse addresses and patterns, which a shell or another tool would resolve."""
    if re.match("[A-Za-z][A-Za-z0-9+.-]+://", name):
        raise DataError(f"{key} names {name}, an address; download the file and name it")
    if re.search(r"[*?]", name) and not Path(name).exists():
        raise DataError(
            f"{key} names {name}, a pattern, but a table is one file; join the files first, with "
            "one header line"
        )


def _only_table(key: str, name: str, path: Path) -> Path:
    """The file in a zip: that of its name without .zip, or the only one."""
    with readable(path), zipfile.ZipFile(path) as archive:
        members = [PurePosixPath(info.filename) for info in list_members(archive)]
        holds = shown_members(archive)
    if Path(path.stem).suffix and any(member.name == path.stem for member in members):
        return path
    tables = [member for member in members if member.suffix.lower() in TABLE_SUFFIXES]
    only = tables if len(tables) == 1 else members
    if len(only) == 1:
        return path / only[0]
    first = next(iter(tables or members), "ratings.csv")
    raise DataError(
        f"{path} is a zip; name the file in it, as in {key}={name}/{first} (it contains {holds})"
    )


def open_table(path: Path, format: TextFormat) -> TableFile:
    """Read the head of a file.

    Args:
        path: plain or packed; its ending or its first bytes distinguish parquet and JSON lines
            from text, and its ending gives the separator unless ``format`` does.
        format: how the file is written if it is text.

    Raises:
        ConfigError: it is parquet or JSON lines, and a key applies only to text.
        DataError: it cannot be read, or is written in another way.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKINGS]
    suffix = suffixes[-1] if suffixes else ""
    if suffix == ".parquet" or looks_like_parquet(path):
        if path.suffix in PACKINGS[1:]:
            raise DataError(f"{path} is compressed twice; unpack it to a .parquet file")
        _refuse_text_options(path, format, Format.parquet)
        return TableFile(path, Format.parquet, None, parquet_kinds(path))
    if suffix in JSON_SUFFIXES or looks_like_json(path):
        _refuse_text_options(path, format, Format.json)
        return TableFile(path, Format.json, None, json_kinds(path))
    by_suffix = Separator.tab if suffix in TAB_SUFFIXES else Separator.comma
    separator = by_suffix if format.separator is None else format.separator
    utf_8 = codecs.lookup(format.encoding).name == "utf-8"
    layout = Layout(
        separator=separator.value,
        encoding="utf-8-sig" if utf_8 else format.encoding,
        names=format.columns,
        quoted=format.quoted and separator is not Separator.blanks,
        comment=format.comment or "",
    )
    refuse_other_layout(path, layout, separator, format)
    header, first_rows = read_head(path, layout)
    cells = [*chain(*first_rows), *[""] * len(header)]
    kinds = ["text" if parsed_number(cell) is None else "number" for cell in cells]
    return TableFile(path, Format.text, layout, dict(zip(header, kinds, strict=False)))


def _refuse_text_options(path: Path, format: TextFormat, found: Format) -> None:
    """Refuse keys that apply only to text."""
    for key in format.given:
        raise ConfigError(
            f"{format.prefix}{key} applies only to text, and {path} is {found.value}; remove it"
        )
