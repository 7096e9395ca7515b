"""The rows of one file of a table: the condition on its rows, its signals, and missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.condition import Condition
from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.config.where import parse_where
from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.sources.header_rows import refuse_header_among_rows
from graphrec_cli.data.sources.table_columns import (
    column_advice,
    column_readers,
    null_test,
    pick_columns,
)
from graphrec_cli.data.sources.table_weights import refuse_low_weights
from graphrec_cli.data.tables.columns import ColumnArray
from graphrec_cli.data.tables.csv_rows import read_head
from graphrec_cli.data.tables.open_table import TableFile, open_table
from graphrec_cli.data.tables.read_csv import HEAD_ROWS
from graphrec_cli.data.tables.time_column import NO_TIME, TimeColumn
from graphrec_cli.data.tables.where import WhereColumn, matching_rows, where_columns
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a file that are kept.

    Attributes:
        columns: the name in the header of each column that is read, by its key in the
            configuration: ``user``, ``item`` and, if there are any, ``rating``, ``timestamp``,
            ``weight`` and ``signal``.
        users, items: the ids of the rows.
        arrays: the values of the other columns by the same keys, each of shape (rows,); int8
            places in ``dataset.signals`` for ``signal``.
        signals: the distinct texts of the column of signals.
        funnel: rows read, less those that were dropped.
        notes: lines to log about times.
        unread: names of the columns that are not used.
    """

    columns: dict[str, str]
    users: CodedTexts
    items: CodedTexts
    arrays: dict[str, NDArray[Any]]
    signals: tuple[str, ...]
    funnel: Funnel
    notes: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _OpenTable:
    """A file whose head has been read.

    Attributes:
        file: its format and the names of its columns.
        condition: ``dataset.where``, None if it is not set.
        compared: the columns that the condition compares.
        columns: as ``TableRows.columns``.
    """

    file: TableFile
    condition: Condition | None
    compared: list[WhereColumn]
    columns: dict[str, str]


def _open(path: Path, config: TableConfig) -> _OpenTable:
    file = open_table(path, config.text_format())
    condition = None if config.where is None else parse_where(config.where)
    compared = [] if condition is None else where_columns(condition, list(file.kinds), path)
    columns = pick_columns(file, config, compared)
    ids = (columns["user"], columns["item"])
    compared = [
        replace(column, is_null=null_test(file, config, is_id=column.name in ids))
        for column in compared
    ]
    return _OpenTable(file, condition, compared, columns)


def check_rows(path: Path, config: TableConfig) -> dict[str, str]:
    """Refuse a file whose first lines do not fit the configuration; return ``TableRows.columns``.

    Raises:
        ConfigError: a key does not fit the kind of the file.
        DataError: a column is missing or cannot be told from another, or a first row is faulty.
    """
    table = _open(path, config)
    file, columns = table.file, table.columns
    with column_advice(config, columns):
        file.check_first_rows(column_readers(file, columns, config))
    if table.compared:
        file.check_first_rows([replace(one, first_rows=HEAD_ROWS) for one in table.compared])
    if file.layout is not None and table.condition is None:
        names, rows = read_head(path, file.layout, HEAD_ROWS)
        places = [names.index(columns[key]) for key in ("user", "item")]
        users, items = (CodedTexts.of([row[at].strip() for row in rows]) for at in places)
        refuse_header_among_rows(users, items, columns, path, config)
    return columns


def read_rows(path: Path, config: TableConfig) -> TableRows:
    """Read the file, and drop the rows that the configuration leaves out.

    Raises:
        ConfigError: a key does not fit the kind of the file.
        DataError: the file is faulty, a column cannot be recognised, or no row is left.
    """
    table = _open(path, config)
    file, columns, condition, compared = table.file, table.columns, table.condition, table.compared
    wanted = column_readers(file, columns, config)
    # A column that is also compared is read twice, because its cells are needed as they are.
    again = [column for column in compared if column.name in columns.values()]
    with column_advice(config, columns):
        cells = file.read([*wanted, *(column for column in compared if column not in again)])
    arrays = {key: cells[name] for key, name in columns.items()}
    compared_cells = {
        column.name: _numbers(cells[column.name]) for column in compared if column not in again
    }
    del cells
    rows = None
    funnel = Funnel(len(arrays["user"]))
    if condition is not None:
        compared_cells |= {
            name: _numbers(array) for name, array in (file.read(again) if again else {}).items()
        }
        kept = matching_rows(condition, compared, compared_cells)
        if "weight" in arrays:
            refuse_low_weights(_numbers(arrays["weight"]), kept, columns["weight"], path)
        funnel.drop("where", "does not match dataset.where", int((~kept).sum()))
        if not kept.any():
            raise DataError(f"{path}: none of the {len(kept):,} rows matches dataset.where")
        _keep_rows(arrays, kept)
        rows = np.flatnonzero(kept)
    users, items = (_texts(arrays[key]) for key in ("user", "item"))
    refuse_header_among_rows(users, items, columns, path, config, rows=rows)
    signals: tuple[str, ...] = ()
    if config.signals is not None:
        signals = _keep_signals(arrays, config.signals, columns["signal"], funnel, path)
    if config.on_missing is MissingPolicy.skip:
        _keep_complete(arrays, funnel, path)
    users, items = (_texts(arrays.pop(key)) for key in ("user", "item"))
    numbers = {key: _numbers(array) for key, array in arrays.items()}
    notes = [column.note for column in wanted if isinstance(column, TimeColumn) and column.note]
    used = {*columns.values(), *(column.name for column in compared)}
    unread = tuple(
        name
        for name in file.kinds
        if name not in (*used, *file.inner)
        and not name.startswith("_")
        and not any(other.startswith(f"{name}.") for other in used)
    )
    return TableRows(columns, users, items, numbers, signals, funnel, tuple(notes), unread)


def _texts(array: ColumnArray) -> CodedTexts:
    """The array of a column of ids."""
    assert isinstance(array, CodedTexts)
    return array


def _numbers(array: ColumnArray) -> NDArray[Any]:
    """The array of a column of any other kind."""
    assert not isinstance(array, CodedTexts)
    return array


def _keep_rows(arrays: dict[str, ColumnArray], kept: NDArray[np.bool_]) -> None:
    """Drop the other rows, of one column after the other to save memory."""
    if not kept.all():
        for key in arrays:
            arrays[key] = arrays[key][kept]


def _keep_signals(
    arrays: dict[str, ColumnArray], signals: list[str], column: str, funnel: Funnel, path: Path
) -> tuple[str, ...]:
    """Keep rows with one of the signals, which becomes its place among them; return all values."""
    texts = _texts(arrays["signal"])
    values = tuple(map(str, texts.present()))
    place = {signal: number for number, signal in enumerate(signals)}
    places = np.array([place.get(str(text), -1) for text in texts.text], dtype=np.int8)[texts.code]
    kept = places >= 0
    funnel.drop("signal", f"{column} is not in dataset.signals", int((~kept).sum()))
    if not kept.any():
        raise DataError(
            f"{path}: none of the {len(kept):,} rows has one of dataset.signals; {column} has "
            f"{shown_values(values)}"
        )
    arrays["signal"] = places
    _keep_rows(arrays, kept)
    return values


def shown_values(values: Sequence[str]) -> str:
    """Texts of a column for a message."""
    return shorten(", ".join(f"'{value}'" for value in values), 200)


def _keep_complete(arrays: dict[str, ColumnArray], funnel: Funnel, path: Path) -> None:
    """Leave out the rows without an id, rating, time or weight, and count them by cause."""
    present = np.ones(funnel.rows_left, dtype=np.bool_)
    for key in ("user", "item", "rating", "timestamp", "weight"):
        if key not in arrays:
            continue
        values = arrays[key]
        if isinstance(values, CodedTexts):
            missing = values.equal_to("")
            if not missing.any():
                continue
        else:
            missing = values == NO_TIME if values.dtype == np.int64 else np.isnan(values)
        funnel.drop("missing", f"empty {key}", int((present & missing).sum()))
        present &= ~missing
    if not present.any():
        raise DataError(
            f"{path}: every row has an empty id, rating, timestamp or weight; dataset.rating='' or "
            "dataset.timestamp='' ignores the column"
        )
    _keep_rows(arrays, present)
