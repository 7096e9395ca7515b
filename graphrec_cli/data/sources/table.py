"""Any table of interactions: csv, tsv, parquet or RecBole's .inter, with ids as written."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import MissingPolicy, TableConfig, TimeUnit
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.tables.cells import is_missing
from graphrec_cli.data.tables.columns import (
    EMPTY,
    MAX_TITLE_LENGTH,
    Column,
    ColumnArray,
    NumberColumn,
    TextColumn,
)
from graphrec_cli.data.tables.guess_columns import (
    bare_name,
    name_stands_for,
    pick_column,
    refuse_unused_names,
)
from graphrec_cli.data.tables.open_table import TableFile, find_table, open_table
from graphrec_cli.data.tables.time_column import NO_DATE, NO_TIME, TimeColumn
from graphrec_cli.data.tables.titles import Titles
from graphrec_cli.errors import ConfigError, DataError

log = logging.getLogger("graphrec")

HIGHEST_RATING = float(np.finfo(np.float32).max)


def find_tables(config: TableConfig, *, data_dir: Path) -> dict[str, Path]:
    """The table, and the file of titles if one is configured.

    Args:
        config: the names of the files.
        data_dir: searched for a file that is not in the working directory.

    Returns:
        Paths by the key that names them, ``path`` and ``items_path``.

    Raises:
        DataError: a file is missing.
    """
    paths = {"path": find_table("dataset.path", config.path, data_dir)}
    if config.items_path is not None:
        paths["items_path"] = find_table("dataset.items_path", config.items_path, data_dir)
    return paths


def check_table(config: TableConfig, paths: Mapping[str, Path]) -> None:
    """Refuse files whose first lines do not fit the configuration.

    Raises:
        ConfigError: a key does not apply to the file.
        DataError: a column is missing or cannot be told from another, or a first row is faulty.
    """
    file = open_table(paths["path"], config.text_format())
    user, item, rating, timestamp = _pick_columns(file, config)
    wanted = _wanted_columns(file, config, user, item, rating, timestamp)
    with _advice(config, rating, timestamp):
        file.check_first_rows(wanted)
    if "items_path" in paths:
        titles = open_table(paths["items_path"], config.items_format())
        _pick_title_columns(titles, config, bare_name(item))


def load_table(config: TableConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the table's columns, and the titles if their file is configured.

    Args:
        config: the layout and the columns.
        files: what ``find_tables`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows of the one signal ``interaction`` in the file's order, ids as text, the rating NaN
        where there is no such column.

    Raises:
        DataError: a file is faulty, or a column cannot be recognised.
    """
    file = open_table(files.paths["path"], config.text_format())
    user, item, rating, timestamp = _pick_columns(file, config)
    wanted = _wanted_columns(file, config, user, item, rating, timestamp)
    with _advice(config, rating, timestamp):
        arrays = file.read(wanted)
    for column in wanted:
        if isinstance(column, TimeColumn) and column.day is not None:
            log.info(
                "%s: numbers such as %d are read as dates; dataset.time_unit=s makes them seconds",
                column.name,
                column.day,
            )
    funnel = Funnel(len(arrays[user]))
    if config.on_missing is MissingPolicy.skip:
        _drop_missing(arrays, rating, timestamp, funnel, file.path)
    rows = len(arrays[user])
    table = RawTable(
        user_id=arrays[user],
        item_id=arrays[item],
        rating=(
            np.full(rows, np.nan, dtype=np.float32)
            if rating is None
            else arrays[rating].astype(np.float32)
        ),
        timestamp=None if timestamp is None else arrays[timestamp].astype(np.int64),
        signal=np.zeros(rows, dtype=np.int8),
        signal_names=("interaction",),
    )
    titles = None
    if "items_path" in files.paths:
        titles = _read_titles(files.paths["items_path"], config, bare_name(item), arrays[item])
    return SourceData(table=table, funnel=funnel, titles=titles, files=files.on_disk)


def _pick_columns(file: TableFile, config: TableConfig) -> tuple[str, str, str | None, str | None]:
    """Names of the columns of users, items, ratings and times."""
    header = list(file.kinds)
    user = pick_column("user", config.user, header, file.path, needed=True)
    item = pick_column("item", config.item, header, file.path, needed=True)
    assert user is not None
    assert item is not None
    rated = config.rating_threshold is not None
    rating = pick_column("rating", config.rating, header, file.path, needed=rated)
    if rated and rating is None:
        raise DataError("dataset.rating_threshold needs ratings, but dataset.rating is ''")
    timed = config.time_format is not None or config.time_unit is not TimeUnit.auto
    timestamp = pick_column("timestamp", config.timestamp, header, file.path, needed=timed)
    if config.time_format is not None and timestamp is None:
        raise DataError("dataset.time_format needs timestamps, but dataset.timestamp is ''")
    chosen = [name for name in (user, item, rating, timestamp) if name is not None]
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"{file.path}: column {twice} is used twice; name a different column for each key"
        )
    if config.columns is not None:
        off = [key for key in ("rating", "timestamp") if getattr(config, key) == ""]
        unused = [name for name in config.columns if not (off and name_stands_for(name, off))]
        refuse_unused_names("dataset.columns", unused, chosen)
    return user, item, rating, timestamp


def _wanted_columns(
    file: TableFile,
    config: TableConfig,
    user: str,
    item: str,
    rating: str | None,
    timestamp: str | None,
) -> list[Column]:
    """The columns to read, with the checks of their cells."""
    skip = config.on_missing is MissingPolicy.skip
    wanted: list[Column] = [TextColumn(user), TextColumn(item)]
    if rating is not None:
        wanted.append(
            NumberColumn(rating, low=-HIGHEST_RATING, high=HIGHEST_RATING, may_be_missing=skip)
        )
    if timestamp is not None:
        has_times = file.kinds[timestamp] == "time"
        if has_times and config.time_format is not None:
            raise ConfigError(
                f"dataset.time_format applies only to text, and the column {timestamp} of "
                f"{file.path} has times; remove it"
            )
        unit = TimeUnit.date if has_times else config.time_unit
        wanted.append(
            TimeColumn(timestamp, unit, time_format=config.time_format, may_be_missing=skip)
        )
    return wanted


@contextmanager
def _advice(config: TableConfig, rating: str | None, timestamp: str | None) -> Iterator[None]:
    """Ignore a guessed column whose type cannot be read."""
    try:
        yield
    except DataError as error:
        for key, column in (("rating", rating), ("timestamp", timestamp)):
            if column is None or f": {column} " not in str(error):
                continue
            advice = f"dataset.{key}='' reads no {key}s" if getattr(config, key) is None else ""
            cell = re.search(rf"'([^']*)' is not a number$| is {EMPTY}$", str(error))
            if cell is not None and is_missing(cell[1] or ""):
                skip = "dataset.on_missing=skip leaves out rows without a value"
                advice = f"{skip}; {advice}" if advice else skip
            elif NO_DATE in str(error):
                other = "dataset.time_format names another format, such as %m/%d/%Y"
                advice = f"{other}; {advice}" if advice else other
            if advice:
                raise DataError(f"{error}; {advice}") from error
        raise


def _drop_missing(
    arrays: dict[str, ColumnArray],
    rating: str | None,
    timestamp: str | None,
    funnel: Funnel,
    path: Path,
) -> None:
    """Leave out the rows without a rating or a time, and count them by cause."""
    present = np.ones(funnel.rows_left, dtype=np.bool_)
    for column, what in ((rating, "rating"), (timestamp, "timestamp")):
        if column is None:
            continue
        values = arrays[column]
        missing = values == NO_TIME if values.dtype == np.int64 else np.isnan(values)
        funnel.drop("missing", f"empty {what}", int((present & missing).sum()))
        present &= ~missing
    if not present.any():
        raise DataError(
            f"{path}: every row has an empty rating or timestamp; dataset.rating='' or "
            "dataset.timestamp='' ignores the column"
        )
    for name, values in arrays.items():
        arrays[name] = values[present]


def _pick_title_columns(file: TableFile, config: TableConfig, item: str) -> tuple[str, str]:
    """Names of the columns of item ids and titles; ``item`` is the table's name of the first."""
    header = list(file.kinds)
    same = item if item in map(bare_name, header) else None
    id_column = pick_column("items_id", config.items_id or same, header, file.path, needed=True)
    title_column = pick_column("items_title", config.items_title, header, file.path, needed=True)
    assert id_column is not None
    assert title_column is not None
    if config.items_columns is not None:
        refuse_unused_names(
            "dataset.items_columns", config.items_columns, [id_column, title_column]
        )
    return id_column, title_column


def _read_titles(path: Path, config: TableConfig, item: str, known: NDArray[np.generic]) -> Titles:
    """Ids of the table's items and their titles, the first of each that is repeated."""
    import pandas as pd

    file = open_table(path, config.items_format())
    id_column, title_column = _pick_title_columns(file, config, item)
    title_cells = TextColumn(title_column, max_length=MAX_TITLE_LENGTH, may_be_empty=True)
    arrays = file.read([TextColumn(id_column), title_cells])
    ids = pd.Series(arrays[id_column], dtype=object)
    chosen = (ids.isin(pd.unique(known)) & ~ids.duplicated()).to_numpy()
    return (
        arrays[id_column][chosen].astype(np.str_),
        arrays[title_column][chosen].astype(np.str_),
    )


TABLE = Source(find_tables, load_table, check_table)
