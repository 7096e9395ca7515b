"""Any table of interactions: csv, tsv, parquet or RecBole's .inter, with ids as written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TableConfig
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import PART_NAMES, RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.sources.table_rows import TableRows, check_rows, read_rows, shown_values
from graphrec_cli.data.sources.table_titles import check_titles, read_item_texts
from graphrec_cli.data.tables.guess_columns import bare_name, pick_column
from graphrec_cli.data.tables.open_table import find_table, open_table
from graphrec_cli.data.tables.text_ids import twin_notes
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

PARTS = {"path": "train", "valid_path": "valid", "test_path": "test"}
"""The part that each file is, if there is more than one."""


def find_tables(config: TableConfig, *, data_dir: Path) -> dict[str, Path]:
    """The table, and the files of other parts and of titles if they are configured.

    Args:
        config: the names of the files.
        data_dir: searched for a file that is not in the working directory.

    Returns:
        Paths by the key that names them: ``path``, ``valid_path``, ``test_path``, ``items_path``.

    Raises:
        DataError: a file is missing.
    """
    named = {key: getattr(config, key) for key in (*PARTS, "items_path")}
    return {
        key: find_table(f"dataset.{key}", name, data_dir)
        for key, name in named.items()
        if name is not None
    }


def check_table(config: TableConfig, paths: Mapping[str, Path]) -> None:
    """Refuse files whose first lines do not fit the configuration.

    Raises:
        ConfigError: a key does not apply to the file.
        DataError: a column is missing or cannot be told from another, or a first row is faulty.
    """
    checked = {key: check_rows(paths[key], config) for key in PARTS if key in paths}
    if "items_path" in paths:
        check_titles(paths["items_path"], config, bare_name(checked["path"]["item"]))


def pick_time_column(config: TableConfig, *, data_dir: Path) -> str:
    """The name of the table's column of timestamps.

    Raises:
        DataError: it has none, or none with a known name.
    """
    if config.timestamp == "":
        raise DataError("dataset.timestamp='' reads none; set it to the name of their column")
    file = open_table(find_tables(config, data_dir=data_dir)["path"], config.text_format())
    name = pick_column(
        "timestamp", config.timestamp, list(file.kinds), file.path, needed=True, inner=file.inner
    )
    assert name is not None
    return name


def load_table(config: TableConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the table's columns, and the titles and attributes if their file is configured.

    Args:
        config: the layout and the columns.
        files: what ``find_tables`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows in the order of the files, ids as text, the rating NaN where there is no such column;
        of ``dataset.signals``, or of the one signal ``interaction``. They have parts if there is a
        test file.

    Raises:
        DataError: a file is faulty, or a column cannot be recognised.
    """
    parts = {
        name: read_rows(files.paths[key], config)
        for key, name in PARTS.items()
        if key in files.paths
    }
    train, several = parts["train"], len(parts) > 1
    if several:
        _refuse_other_columns(parts, files)
    arrays = (
        {key: np.concatenate([rows.arrays[key] for rows in parts.values()]) for key in train.arrays}
        if several
        else train.arrays
    )
    users = CodedTexts.concatenate([rows.users for rows in parts.values()])
    items = CodedTexts.concatenate([rows.items for rows in parts.values()])
    size = len(users)
    table = RawTable(
        user_id=users,
        item_id=items,
        rating=arrays.get("rating", np.full(size, np.nan, dtype=np.float32)),
        timestamp=arrays.get("timestamp"),
        signal=arrays.get("signal", np.zeros(size, dtype=np.int8)),
        signal_names=("interaction",) if config.signals is None else tuple(config.signals),
        part=_parts(parts) if several else None,
        weight=arrays["weight"].astype(np.float32, copy=False) if "weight" in arrays else None,
    )
    _refuse_absent_signals(table, list(parts.values()))
    texts = None
    if "items_path" in files.paths:
        item = bare_name(train.columns["item"])
        texts = read_item_texts(files.paths["items_path"], config, item, items)
    return SourceData(
        table=table,
        funnel=_joined_funnel(parts) if several else train.funnel,
        titles=None if texts is None else texts.titles,
        attributes=None if texts is None else texts.attributes,
        files=files.on_disk,
        notes=(*_notes(parts), *([] if texts is None else texts.notes)),
    )


def _notes(parts: dict[str, TableRows]) -> Iterator[str]:
    """Which columns were taken, for each file whose columns have other names than the first's."""
    for name, rows in parts.items():
        if name == "train" or rows.columns != parts["train"].columns:
            where = "" if name == "train" else f" of the {name} file"
            taken = " ".join(
                f"{'time' if key == 'timestamp' else key}={column}"
                for key, column in rows.columns.items()
            )
            unread = (
                f"; not read: {', '.join(name or '(no name)' for name in rows.unread)}"
                if rows.unread
                else ""
            )
            yield shorten(" ".join(f"columns{where}: {taken}{unread}".splitlines()), 300)
    columns = parts["train"].columns
    users = set[str]().union(*(rows.users.present() for rows in parts.values()))
    yield from twin_notes(columns["user"], users)
    items = set[str]().union(*(rows.items.present() for rows in parts.values()))
    yield from twin_notes(columns["item"], items)
    yield from dict.fromkeys(note for rows in parts.values() for note in rows.notes)


def _refuse_other_columns(parts: dict[str, TableRows], files: FoundFiles) -> None:
    """Refuse files of which some have ratings or times and others do not."""
    train = parts["train"].columns
    for name, rows in parts.items():
        for key in {**train, **rows.columns}:
            if (key in train) != (key in rows.columns):
                paths = [files.paths["path"], files.paths[f"{name}_path"]]
                has, lacks = paths if key in train else paths[::-1]
                column = train.get(key) or rows.columns[key]
                raise DataError(
                    f"{has} has a column of {key}s, {column}, and {lacks} has none; "
                    f"dataset.{key}='' reads no {key}s"
                )


def _parts(parts: dict[str, TableRows]) -> NDArray[np.int8]:
    """The part of every row."""
    sizes = [rows.funnel.rows_left for rows in parts.values()]
    return np.repeat(np.array([PART_NAMES.index(name) for name in parts], dtype=np.int8), sizes)


def _joined_funnel(parts: dict[str, TableRows]) -> Funnel:
    """One funnel of the rows of all parts, each cause counted for each part."""
    funnel = Funnel(sum(rows.funnel.rows_read for rows in parts.values()))
    for name, rows in parts.items():
        funnel.note(f"rows_read_{name}", rows.funnel.rows_read)
        for step in rows.funnel.steps:
            funnel.drop(step.stage, f"{step.cause}, in {name}", step.rows_dropped)
    return funnel


def _refuse_absent_signals(table: RawTable, parts: Sequence[TableRows]) -> None:
    """Refuse a signal that no row has: it may be misspelt."""
    known = list(dict.fromkeys(value for rows in parts for value in rows.signals))
    found = np.bincount(table.signal, minlength=len(table.signal_names))
    for name, count in zip(table.signal_names, found.tolist(), strict=True):
        if not count:
            column = parts[0].columns["signal"]
            raise DataError(
                f"no row that is left has the signal '{name}', which dataset.signals names"
                f"{suggestion(name, known)} ({column} has {shown_values(known)})"
            )


TABLE = Source(find_tables, load_table, check_table)
