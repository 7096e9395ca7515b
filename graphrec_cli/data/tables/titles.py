"""Read titles of items from a delimited file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.columns import MAX_TITLE_LENGTH, IdColumn, TextColumn
from graphrec_cli.data.tables.csv_rows import read_head
from graphrec_cli.data.tables.encodings import utf_8_or
from graphrec_cli.data.tables.layout import CSV, Layout
from graphrec_cli.data.tables.read_csv import read_csv_columns
from graphrec_cli.errors import DataError

Titles: TypeAlias = tuple[NDArray[np.generic], NDArray[np.character]]
"""Item ids and their titles, both of shape (titles,)."""


def read_titles(
    path: Path, id_columns: dict[str, str], title_column: str, layout: Layout = CSV
) -> Titles:
    """Item ids, ascending and distinct, and titles, both of shape (titles,).

    If an id is repeated, its first row is used.

    Args:
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip.
        id_columns: the first key that the header contains tells the edition of the file, and its
            value is the column with the ids of the interactions.
        title_column: the column of the titles.
        layout: how its lines are written; a file that is UTF-8 is read as such.

    Raises:
        DataError: the file is damaged or empty, lacks a column, or has a faulty line.
    """
    layout = replace(layout, encoding=utf_8_or(path, layout.encoding))
    edition = pick_id_column(path, id_columns, title_column, layout)
    titles = TextColumn(title_column, max_length=MAX_TITLE_LENGTH, may_be_empty=True)
    arrays = read_csv_columns(path, (IdColumn(edition), titles), layout)
    distinct, first = np.unique(np.asarray(arrays[edition], dtype=np.int64), return_index=True)
    return distinct, np.asarray(arrays[title_column][first], dtype=np.str_)


def pick_id_column(
    path: Path, id_columns: dict[str, str], title_column: str, layout: Layout = CSV
) -> str:
    """The column with the ids, by the file's header line; arguments as in ``read_titles``.

    Raises:
        DataError: the file lacks a column, or its head cannot be read.
    """
    header, _ = read_head(path, layout)
    known = (column for name, column in id_columns.items() if name in header)
    edition = next(known, " or ".join(id_columns))
    for column in (edition, title_column):
        if column not in header:
            raise DataError(f"{path} has no column {column}; it has {', '.join(header)}")
    return edition
