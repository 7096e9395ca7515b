"""The rows of one file of a table: its columns, the condition on its rows, and missing values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec_cli.config.table import MissingPolicy, TableConfig, TimeUnit
from graphrec_cli.config.where import parse_where
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.sources.table_weights import LEAVE_OUT, refuse_low_weights, weight_column
from graphrec_cli.data.tables.cells import is_missing
from graphrec_cli.data.tables.columns import (
    EMPTY,
    NOT_ABOVE_0,
    Column,
    ColumnArray,
    NumberColumn,
)
from graphrec_cli.data.tables.guess_columns import (
    name_stands_for,
    pick_column,
    refuse_unused_names,
)
from graphrec_cli.data.tables.open_table import TableFile, open_table
from graphrec_cli.data.tables.text_ids import MISSING, MISSING_IDS, TextIdColumn
from graphrec_cli.data.tables.time_column import NO_DATE, NO_TIME, TimeColumn
from graphrec_cli.data.tables.where import WhereColumn, matching_rows, where_columns
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.terminal_text import shorten

HIGHEST_RATING = float(np.finfo(np.float32).max)


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
        notes: lines to log about ids and times.
        unread: names of the columns that are not used.
    """

    columns: dict[str, str]
    arrays: dict[str, ColumnArray]
    signals: tuple[str, ...]
    funnel: Funnel
    notes: tuple[str, ...]
    unread: tuple[str, ...]


def check_rows(path: Path, config: TableConfig) -> dict[str, str]:
    """Refuse a file whose first lines do not fit the configuration; return ``TableRows.columns``.

    Raises:
        ConfigError: a key does not fit the kind of the file.
        DataError: a column is missing or cannot be told from another, or a first row is faulty.
    """
    file = open_table(path, config.text_format())
    condition = None if config.where is None else parse_where(config.where)
    compared = [] if condition is None else where_columns(condition, list(file.kinds), path)
    columns = _pick_columns(file, config, compared)
    with _advice(config, columns):
        file.check_first_rows(_wanted(file, columns, config))
    return columns


def read_rows(path: Path, config: TableConfig) -> TableRows:
    """Read the file, and drop the rows that the configuration leaves out.

    Raises:
        ConfigError: a key does not fit the kind of the file.
        DataError: the file is faulty, a column cannot be recognised, or no row is left.
    """
    file = open_table(path, config.text_format())
    condition = None if config.where is None else parse_where(config.where)
    compared = [] if condition is None else where_columns(condition, list(file.kinds), path)
    columns = _pick_columns(file, config, compared)
    wanted = _wanted(file, columns, config)
    # A column that is also compared is read twice, because its cells are needed as they are.
    again = [column for column in compared if column.name in columns.values()]
    with _advice(config, columns):
        cells = file.read([*wanted, *(column for column in compared if column not in again)])
    arrays = {key: cells[name] for key, name in columns.items()}
    _refuse_header_among_rows(arrays, columns, path, config)
    funnel = Funnel(len(arrays["user"]))
    if condition is not None:
        kept = matching_rows(condition, compared, cells | (file.read(again) if again else {}))
        if "weight" in arrays:
            refuse_low_weights(arrays["weight"], kept, columns["weight"], path)
        funnel.drop("where", "does not match dataset.where", int((~kept).sum()))
        if not kept.any():
            raise DataError(f"{path}: none of the {len(kept):,} rows matches dataset.where")
        arrays = {key: values[kept] for key, values in arrays.items()}
    signals: tuple[str, ...] = ()
    if config.signals is not None:
        arrays, signals = _with_signals(arrays, config.signals, columns["signal"], funnel, path)
    if config.on_missing is MissingPolicy.skip:
        arrays = _without_missing(arrays, funnel, path)
    notes = [note for column in wanted if isinstance(column, TextIdColumn) for note in column.notes]
    notes += [column.note for column in wanted if isinstance(column, TimeColumn) and column.note]
    used = {*columns.values(), *(column.name for column in compared)}
    unread = tuple(name for name in file.kinds if name not in used and not name.startswith("_"))
    return TableRows(columns, arrays, signals, funnel, tuple(notes), unread)


def _refuse_header_among_rows(
    arrays: dict[str, ColumnArray], columns: dict[str, str], path: Path, config: TableConfig
) -> None:
    """Refuse a row that has the names of the columns, as files that were joined have it."""
    rows = np.flatnonzero(arrays["user"] == columns["user"])
    headers = rows[arrays["item"][rows] == columns["item"]]
    if len(headers):
        hint = "" if config.columns is None else ", or dataset.columns"
        raise DataError(
            f"{path}: row {headers[0] + 1:,} has the names of the columns instead "
            f"of ids; it looks like a header line: remove it{hint}"
        )


def _pick_columns(
    file: TableFile, config: TableConfig, compared: list[WhereColumn]
) -> dict[str, str]:
    """The columns of users, items, ratings and times by their key, without those there are not."""
    header = list(file.kinds)
    needed = {
        "user": True,
        "item": True,
        "rating": config.rating_threshold is not None,
        "timestamp": config.time_format is not None or config.time_unit is not TimeUnit.auto,
    }
    needed |= {key: True for key in ("weight", "signal") if getattr(config, key) is not None}
    picked = {
        key: pick_column(key, getattr(config, key), header, file.path, needed=need)
        for key, need in needed.items()
    }
    if needed["rating"] and picked["rating"] is None:
        raise DataError("dataset.rating_threshold needs ratings, but dataset.rating is ''")
    columns = {key: name for key, name in picked.items() if name is not None}
    chosen = list(columns.values())
    if config.rating is not None and _are_weights(columns):
        chosen.remove(columns["rating"])
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if twice is not None:
        both = f", set dataset.rating={twice} for both, or set dataset.rating='' for no ratings"
        raise DataError(
            f"{file.path}: column {twice} is used twice; name a different column for each key"
            f"{both if _are_weights(columns) and columns['weight'] == twice else ''}"
        )
    if config.columns is not None:
        off = [key for key in ("rating", "timestamp") if getattr(config, key) == ""]
        unused = [name for name in config.columns if not (off and name_stands_for(name, off))]
        used = [*chosen, *(column.name for column in compared)]
        refuse_unused_names("dataset.columns", unused, used)
    return columns


def _are_weights(columns: dict[str, str]) -> bool:
    """Whether the column of ratings is that of weights, such as plays."""
    return "rating" in columns and columns["rating"] == columns.get("weight")


def _wanted(file: TableFile, columns: dict[str, str], config: TableConfig) -> list[Column]:
    """How the cells of each column are read."""
    skip = config.on_missing is MissingPolicy.skip
    ids = (columns["user"], columns["item"])
    words = MISSING_IDS if config.missing_ids is None else config.missing_ids
    wanted: list[Column] = [
        TextIdColumn(
            name, may_be_empty=skip, missing=frozenset(words), may_be_quoted=not config.quoted
        )
        for name in ids
    ]
    if "rating" in columns and not _are_weights(columns):
        low, high = -HIGHEST_RATING, HIGHEST_RATING
        wanted.append(NumberColumn(columns["rating"], low=low, high=high, may_be_missing=skip))
    if "weight" in columns:
        wanted.append(weight_column(columns["weight"], config))
    if "timestamp" in columns:
        name = columns["timestamp"]
        has_times = file.kinds[name] == "time"
        if has_times:
            _refuse_time_keys(config, f"the column {name} of {file.path}")
        unit = TimeUnit.date if has_times else config.time_unit
        wanted.append(TimeColumn(name, unit, time_format=config.time_format, may_be_missing=skip))
    if "signal" in columns:
        wanted.append(
            TextIdColumn(columns["signal"], may_be_empty=True, missing=(), may_be_quoted=True)
        )
    return wanted


def _refuse_time_keys(config: TableConfig, column: str) -> None:
    """Refuse keys that would say how times are written, for a column that has times."""
    for key, default in (("time_format", None), ("time_unit", TimeUnit.auto)):
        if getattr(config, key) is not default:
            raise ConfigError(
                f"dataset.{key} applies only to text and numbers, and {column} has times; remove it"
            )


@contextmanager
def _advice(config: TableConfig, columns: dict[str, str]) -> Iterator[None]:
    """Say what to do about a column whose cells cannot be read."""
    try:
        yield
    except DataError as error:
        for key in ("user", "item", "rating", "timestamp", "weight"):
            if key not in columns or f": {columns[key]} " not in str(error):
                continue
            if key == "rating" and _are_weights(columns):
                continue
            optional = key in ("rating", "timestamp") and getattr(config, key) is None
            advice = f"dataset.{key}='' reads no {key}s" if optional else ""
            cell = re.search(rf"'([^']*)' is not a number$| is ({EMPTY}|{MISSING})$", str(error))
            if cell is not None and is_missing(cell[1] or ""):
                skip = "dataset.on_missing=skip leaves out rows without a value"
                advice = f"{skip}; {advice}" if advice else skip
                if cell[2] == MISSING:
                    advice += ", dataset.missing_ids=[] reads such a word as an id"
            elif NO_DATE in str(error):
                other = "dataset.time_format names another format, such as %m/%d/%Y"
                advice = f"{other}; {advice}" if advice else other
            elif key == "weight" and NOT_ABOVE_0 in str(error):
                advice = LEAVE_OUT
            if advice:
                raise DataError(f"{error}; {advice}") from error
        raise


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
