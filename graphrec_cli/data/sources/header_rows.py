"""Refuse rows of a table that are header lines, or name the types of the columns."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.tables.guess_columns import COMMON_NAMES, is_same_name, name_stands_for
from graphrec_cli.data.tables.read_csv import HEAD_ROWS
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

_TYPE = re.compile(
    r"""
    \[[^\w\s]?\] | [a-z]*(?:char|text|blob) | str(?:ing)? | object | u?uid | token
    | (?:big|small|tiny|medium)?u?int(?:eger)?(?:8|16|32|64)? | long | byte | (?:big)?serial
    | float(?:32|64)? | double(?:\ precision)? | real | decimal | numeric | number | bool(?:ean)?
    | date | time | datetime(?:64)? | timestamp(?:tz)? | categor(?:y|ical)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Types of a database or a data frame, and units such as ``[-]``."""
_SIZE = re.compile(r"\s*(\([0-9, max]*\)|\[[a-z]*\])$", re.IGNORECASE)
"""What stands behind a type, as in ``varchar(20)``."""
_TYPE_ROWS = 2
"""First rows that may have types or units."""


def refuse_header_among_rows(
    users: CodedTexts,
    items: CodedTexts,
    columns: dict[str, str],
    path: Path,
    config: TableConfig,
    *,
    rows: NDArray[np.int64] | None = None,
) -> None:
    """Refuse a row that has the names or the types of the columns instead of ids.

    Files that were joined have a header line further down.

    Args:
        users, items: ids, shape (rows,).
        columns: names in the header, by ``user`` and ``item``.
        path: the file, for messages.
        config: whether ``dataset.columns`` is set.
        rows: the place of each row in the file, from 0, shape (rows,); None: all rows are given.

    Raises:
        DataError: naming the first such row.
    """
    headers = np.flatnonzero(users.equal_to(columns["user"]) & items.equal_to(columns["item"]))
    if len(headers):
        row = int(headers[0] if rows is None else rows[headers[0]])
        hint = "" if config.columns is None else ", or dataset.columns"
        raise DataError(
            f"{path}: row {row + 1:,} has the names of the columns instead "
            f"of ids; it looks like a header line: remove it{hint}"
        )
    first_rows = np.arange(len(users))[:_TYPE_ROWS] if rows is None else rows[:_TYPE_ROWS]
    starts = bool(len(first_rows)) and first_rows[0] == 0
    first_users, first_items = users[:HEAD_ROWS].tolist(), items[:HEAD_ROWS].tolist()
    if config.columns is not None and starts and _is_header(first_users, first_items):
        shown = " and ".join(f"'{shorten(ids[0], 40)}'" for ids in (first_users, first_items))
        raise DataError(
            f"{path}: row 1 has the names of the columns instead of ids, {shown}; it looks like a "
            "header line: remove it, or dataset.columns; if they are ids, move the line down"
        )
    for place in np.flatnonzero(first_rows < _TYPE_ROWS):
        user, item = first_users[place], first_items[place]
        respelled = is_same_name(user, columns["user"]) and is_same_name(item, columns["item"])
        if respelled or (_is_type(user) and _is_type(item)):
            what = "the names" if respelled else "types or units"
            shown = f"'{shorten(user, 40)}' and '{shorten(item, 40)}'"
            raise DataError(
                f"{path}: row {first_rows[place] + 1} has {what} of the columns instead of ids, "
                f"{shown}; remove it, or leave it out with dataset.where; if they are ids, move "
                "the line down"
            )


def _is_type(cell: str) -> bool:
    """Whether a cell is the name of a type, such as ``varchar(20)``, or a unit in brackets."""
    return _TYPE.fullmatch(_SIZE.sub("", cell) or cell) is not None


def _is_header(users: list[str], items: list[str]) -> bool:
    """Whether the first of some rows looks like a header line.

    Both its ids are names of columns, or one is that of an id, or all other ids are numbers (in
    two rows or more).
    """
    first = [users[0], items[0]]
    names = [name_stands_for(id, COMMON_NAMES) for id in first]
    ids = [id for id in first if name_stands_for(id, ["user", "item"])]
    if all(names) or any(id.lower().endswith("id") for id in ids):
        return True
    others = [*users[1:], *items[1:]]
    digits = any(char.isdigit() for id in first for char in id)
    numbered = len(others) >= 4 and all(id.isdecimal() for id in others)
    return numbered and all(first) and not digits
