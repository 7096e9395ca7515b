"""The rows of one file of a table: the condition on its rows, its signals, and missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from graphrec_cli.config.condition import Condition
from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.config.where import parse_where
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
from graphrec_cli.data.tables.text_ids import TextIdColumn
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
        arrays: the values by the same keys, each of shape (rows,); int8 places in
            ``dataset.signals`` for ``signal``.
        signals: the distinct texts of the column of signals.
        funnel: rows read, less those that were dropped.
        ids: the distinct ids, by ``user`` and ``item``.
        notes: lines to log about times.
        unread: names of the columns that are not used.
    """

    columns: dict[str, str]
    arrays: dict[str, ColumnArray]
    signals: tuple[str, ...]
    funnel: Funnel
    ids: dict[str, set[str]]
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
        users, items = (np.array([row[at].strip() for row in rows], object) for at in places)
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
    rows = None
    funnel = Funnel(len(arrays["user"]))
    if condition is not None:
        kept = matching_rows(condition, compared, cells | (file.read(again) if again else {}))
        if "weight" in arrays:
            refuse_low_weights(arrays["weight"], kept, columns["weight"], path)
        funnel.drop("where", "does not match dataset.where", int((~kept).sum()))
        if not kept.any():
            raise DataError(f"{path}: none of the {len(kept):,} rows matches dataset.where")
        arrays = {key: values[kept] for key, values in arrays.items()}
        rows = np.flatnonzero(kept)
    refuse_header_among_rows(arrays["user"], arrays["item"], columns, path, config, rows=rows)
    signals: tuple[str, ...] = ()
    if config.signals is not None:
        arrays, signals = _with_signals(arrays, config.signals, columns["signal"], funnel, path)
    if config.on_missing is MissingPolicy.skip:
        arrays = _without_missing(arrays, funnel, path)
    read = {column.name: column.ids for column in wanted if isinstance(column, TextIdColumn)}
    kept_all = len(arrays["user"]) == len(cells[columns["user"]])
    ids = {
        key: read[columns[key]] if kept_all else {str(id) for id in arrays[key]}
        for key in ("user", "item")
    }
    notes = [column.note for column in wanted if isinstance(column, TimeColumn) and column.note]
    used = {*columns.values(), *(column.name for column in compared)}
    unread = tuple(
        name
        for name in file.kinds
        if name not in (*used, *file.inner)
        and not name.startswith("_")
        and not any(other.startswith(f"{name}.") for other in used)
    )
    return TableRows(columns, arrays, signals, funnel, ids, tuple(notes), unread)


def _with_signals(
    arrays: dict[str, ColumnArray], signals: list[str], column: str, funnel: Funnel, path: Path
) -> tuple[dict[str, ColumnArray], tuple[str, ...]]:
    """The rows with one of the signals, which becomes its place among them; and all values."""
    import pandas as pd

    codes, found = pd.factorize(arrays["signal"])
    values = tuple(map(str, found))
    place = {signal: number for number, signal in enumerate(signals)}
    places = np.array([place.get(value, -1) for value in values], dtype=np.int8)[codes]
    kept = places >= 0
    funnel.drop("signal", f"{column} is not in dataset.signals", int((~kept).sum()))
    if not kept.any():
        raise DataError(
            f"{path}: none of the {len(kept):,} rows has one of dataset.signals; {column} has "
            f"{shown_values(values)}"
        )
    return {key: array[kept] for key, array in (arrays | {"signal": places}).items()}, values


def shown_values(values: Sequence[str]) -> str:
    """Texts of a column for a message."""
    return shorten(", ".join(f"'{value}'" for value in values), 200)


def _without_missing(
    arrays: dict[str, ColumnArray], funnel: Funnel, path: Path
) -> dict[str, ColumnArray]:
    """Leave out the rows without an id, rating, time or weight, and count them by cause."""
    present = np.ones(funnel.rows_left, dtype=np.bool_)
    for key in ("user", "item", "rating", "timestamp", "weight"):
        if key not in arrays:
            continue
        values = arrays[key]
        if key in ("user", "item"):
            missing = np.asarray(values == "", dtype=np.bool_)
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
    return {key: values[present] for key, values in arrays.items()}
