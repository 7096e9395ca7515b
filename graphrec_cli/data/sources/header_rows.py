"""Refuse rows of a table that are header lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.tables.columns import ColumnArray
from graphrec_cli.data.tables.guess_columns import COMMON_NAMES, name_stands_for
from graphrec_cli.data.tables.read_csv import HEAD_ROWS
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten


def refuse_header_among_rows(
    users: ColumnArray,
    items: ColumnArray,
    columns: dict[str, str],
    path: Path,
    config: TableConfig,
) -> None:
    """Refuse a row that has the names of the columns, as files that were joined have it."""
    rows = np.flatnonzero(users == columns["user"])
    headers = rows[items[rows] == columns["item"]]
    if len(headers):
        hint = "" if config.columns is None else ", or dataset.columns"
        raise DataError(
            f"{path}: row {headers[0] + 1:,} has the names of the columns instead "
            f"of ids; it looks like a header line: remove it{hint}"
        )
    if config.columns is not None and _is_header(users[:HEAD_ROWS], items[:HEAD_ROWS]):
        shown = " and ".join(f"'{shorten(str(ids[0]), 40)}'" for ids in (users, items))
        raise DataError(
            f"{path}: row 1 has the names of the columns instead of ids, {shown}; it looks like a "
            "header line: remove it, or dataset.columns; if they are ids, move the line down"
        )


def _is_header(users: ColumnArray, items: ColumnArray) -> bool:
    """Whether the first of some rows looks like a header line.

    Both its ids are names of columns, or one is that of an id, or all other ids are numbers (in
    two rows or more).
    """
    first = [str(users[0]), str(items[0])]
    names = [name_stands_for(id, COMMON_NAMES) for id in first]
    ids = [id for id in first if name_stands_for(id, ["user", "item"])]
    if all(names) or any(id.lower().endswith("id") for id in ids):
        return True
    others = [str(id) for id in (*users[1:], *items[1:])]
    digits = any(char.isdigit() for id in first for char in id)
    numbered = len(others) >= 4 and all(id.isdecimal() for id in others)
    return numbered and all(first) and not digits
