"""Open a table, delimited text or parquet: the names of its columns and their values."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec_cli.config.table import Separator, TableConfig
from graphrec_cli.data.files.files import PACKINGS, file_on_disk, find_file
from graphrec_cli.data.tables.cells import parsed_number
from graphrec_cli.data.tables.columns import Column, ColumnArray
from graphrec_cli.data.tables.layout import Layout
from graphrec_cli.data.tables.read_csv import read_csv_columns, read_head
from graphrec_cli.data.tables.read_parquet import parquet_kinds, read_parquet_columns
from graphrec_cli.errors import ConfigError, DataError

TAB_SUFFIXES = (".tsv", ".tab", ".txt", ".inter", ".item")


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file whose head has been read.

    Attributes:
        path: of the file.
        layout: how its text is written, None for parquet.
        kinds: by name of every column, ``number``, ``text`` or ``time``, from the type or the
            first row; for parquet also the names of other types.
    """

    path: Path
    layout: Layout | None
    kinds: dict[str, str]

    def read(self, columns: Sequence[Column]) -> dict[str, ColumnArray]:
        """The values of some columns, each of shape (rows,).

        Raises:
            DataError: the file is damaged or has a faulty line; the error gives its number.
        """
        if self.layout is None:
            return read_parquet_columns(self.path, columns)
        return read_csv_columns(self.path, columns, self.layout)


def find_table(key: str, name: str, data_dir: Path) -> Path:
    """Find the file named by a config key, in the working directory or else in ``data_dir``.

    A file in a zip is written as ``all.zip/ratings.csv``.

    Raises:
        DataError: no such file, or a zip whose name does not tell the file in it.
    """
    named = Path(name)
    for folder in (Path(), data_dir):
        in_zip = file_on_disk(folder / named) != folder / named
        path = folder / named if in_zip else find_file(folder / named.parent, named.name)
        if path is not None and path.suffix == ".zip" and not Path(path.stem).suffix:
            raise DataError(f"{path} is a zip; name the file in it, as in {key}={name}/ratings.csv")
        if path is not None:
            return path
    places = "" if named.is_absolute() else f" in {Path.cwd()} nor in {data_dir}"
    raise DataError(f"{key} names {name} (plain, .gz or .zip), which is not found{places}")


def _refuse_text_options(path: Path, config: TableConfig) -> None:
    """Refuse options that apply only to text."""
    plain = TableConfig(path=config.path)
    for key in ("columns", "separator", "quoted", "encoding"):
        if getattr(config, key) != getattr(plain, key):
            raise ConfigError(
                f"dataset.{key} applies only to text, and {path} is parquet; remove it"
            )


def open_table(path: Path, config: TableConfig, columns: Sequence[str] | None = None) -> TableFile:
    """Read the head of a file.

    Args:
        path: plain, ``.gz`` or ``.zip``; its ending distinguishes parquet from text, and gives
            the separator unless the config does.
        config: separator, quotes and encoding.
        columns: names of all columns of a file without a header line.

    Raises:
        ConfigError: it is parquet, and an option applies only to text.
        DataError: it cannot be read, or its header line has another separator.
    """
    suffixes = [suffix for suffix in path.suffixes if suffix not in PACKINGS]
    suffix = suffixes[-1].lower() if suffixes else ""
    if suffix == ".parquet":
        if path.suffix in PACKINGS:
            raise DataError(f"{path} is compressed twice; unpack it to a .parquet file")
        _refuse_text_options(path, config)
        return TableFile(path, None, parquet_kinds(path))
    by_suffix = Separator.tab if suffix in TAB_SUFFIXES else Separator.comma
    separator = by_suffix if config.separator is None else config.separator
    utf_8 = codecs.lookup(config.encoding).name == "utf-8"
    layout = Layout(
        separator=separator.value,
        encoding="utf-8-sig" if utf_8 else config.encoding,
        names=None if columns is None else tuple(columns),
        quoted=config.quoted,
    )
    header, first_row = read_head(path, layout)
    if len(header) == 1:
        others = [other.name for other in Separator if other.value in header[0]]
        if others:
            raise DataError(
                f"the header line of {path} has no {separator.name}, but a {others[0]}; set "
                f"dataset.separator={others[0]}"
            )
    cells = [*first_row, *[""] * len(header)]
    kinds = ["text" if parsed_number(cell) is None else "number" for cell in cells]
    return TableFile(path, layout, dict(zip(header, kinds, strict=False)))
