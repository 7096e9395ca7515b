"""Titles of items from a delimited file that lies beside the interactions."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.layout import CSV, Layout, open_text
from graphrec_cli.data.tables.read_csv import IdColumn, read_csv_columns
from graphrec_cli.errors import DataError

Titles: TypeAlias = tuple[NDArray[np.int64], NDArray[np.character]]


def read_titles(
    path: Path, id_columns: dict[str, str], title_column: str, layout: Layout = CSV
) -> Titles:
    """Item ids, ascending and distinct, and titles, both of shape (titles,).

    Of an id that is repeated the first row counts.

    Args:
        path: a plain, ``.gz`` or ``.zip`` file, or a file in a zip.
        id_columns: the first key that the header holds says which edition the file is, and its
            value which column holds the ids of the interactions.
        title_column: the column of the titles.
        layout: how its lines are written.

    Raises:
        DataError: the file is damaged or empty, lacks a column, or holds a faulty line.
    """
    import pandas as pd

    names = None if layout.names is None else list(layout.names)
    with open_text(path, layout) as (text, _):
        try:
            frame = pd.read_csv(
                text,
                header=0 if names is None else None,
                names=names,
                dtype=str,
                keep_default_na=False,
                sep=layout.delimiter,
                quoting=layout.quoting,
            )
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"{path} cannot be read as csv: {' '.join(str(error).split())}"
            ) from error
    frame.columns = frame.columns.str.strip()
    known = (column for name, column in id_columns.items() if name in frame.columns)
    edition = next(known, " or ".join(id_columns))
    for column in (edition, title_column):
        if column not in frame.columns:
            raise DataError(f"{path} has no column {column}; it has {', '.join(frame.columns)}")
    # Read once more with every check: pandas shifts the columns of rows that are too long.
    ids = read_csv_columns(path, (IdColumn(edition),), layout)[edition].astype(np.int64)
    distinct, first = np.unique(ids, return_index=True)
    return distinct, frame[title_column].to_numpy(dtype=str)[first]
