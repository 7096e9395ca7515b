"""The columns of a table: which they are, how their cells are read, and advice on their faults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from graphrec_cli.config.table import MissingPolicy, TableConfig, TimeUnit
from graphrec_cli.data.sources.table_weights import LEAVE_OUT, weight_column
from graphrec_cli.data.tables.cells import is_missing
from graphrec_cli.data.tables.columns import EMPTY, NOT_ABOVE_0, Column, NumberColumn
from graphrec_cli.data.tables.guess_columns import (
    name_stands_for,
    pick_column,
    refuse_unused_names,
)
from graphrec_cli.data.tables.open_table import TableFile
from graphrec_cli.data.tables.text_ids import MISSING, MISSING_IDS, TextIdColumn, is_missing_id
from graphrec_cli.data.tables.time_column import NO_DATE, TimeColumn
from graphrec_cli.data.tables.where import WhereColumn
from graphrec_cli.errors import ConfigError, DataError

_DECIMAL_COMMA = re.compile(r"'\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d,\d{1,9}'")
HIGHEST_RATING = float(np.finfo(np.float32).max)


def pick_columns(
    file: TableFile, config: TableConfig, compared: list[WhereColumn]
) -> dict[str, str]:
    """The columns of users, items, ratings and times by their key, without those there are not.

    Raises:
        DataError: a column is missing, cannot be told from another, or is named for two keys.
    """
    header = list(file.kinds)
    needed = {
        "user": True,
        "item": True,
        "rating": config.rating_threshold is not None,
        "timestamp": config.time_format is not None or config.time_unit is not TimeUnit.auto,
    }
    needed |= {key: True for key in ("weight", "signal") if getattr(config, key) is not None}
    picked = {
        key: pick_column(
            key, getattr(config, key), header, file.path, needed=need, inner=file.inner
        )
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


def column_readers(file: TableFile, columns: dict[str, str], config: TableConfig) -> list[Column]:
    """How the cells of each column are read.

    Raises:
        ConfigError: a key of times does not fit the column.
    """
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


def null_test(file: TableFile, config: TableConfig, *, is_id: bool) -> Callable[[str], bool]:
    """What tells whether a text of a column stands for an empty cell.

    Files that have nulls of their own need no words for them.
    """
    if file.layout is None:
        return lambda text: not text.strip()
    if is_id:
        words = MISSING_IDS if config.missing_ids is None else config.missing_ids
        return lambda text: is_missing_id(text, words)
    return lambda text: is_missing(text) or is_missing_id(text, MISSING_IDS)


def _refuse_time_keys(config: TableConfig, column: str) -> None:
    """Refuse keys that would say how times are written, for a column that has times."""
    for key, default in (("time_format", None), ("time_unit", TimeUnit.auto)):
        if getattr(config, key) is not default:
            raise ConfigError(
                f"dataset.{key} applies only to text and numbers, and {column} has times; remove it"
            )


@contextmanager
def column_advice(config: TableConfig, columns: dict[str, str]) -> Iterator[None]:
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
                comma = _DECIMAL_COMMA.search(str(error))
                other = (
                    f'set "dataset.time_format=%Y-%m-%d{comma[1]}%H:%M:%S,%f"'
                    if comma is not None
                    else "dataset.time_format names another format, such as %m/%d/%Y or %d.%m.%y"
                )
                advice = f"{other}; {advice}" if advice else other
            elif key == "weight" and NOT_ABOVE_0 in str(error):
                advice = LEAVE_OUT
            if advice:
                raise DataError(f"{error}; {advice}") from error
        raise
