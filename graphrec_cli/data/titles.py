"""Titles of items from a csv file that lies beside the interactions."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.data.files import open_unpacked
from graphrec_cli.errors import DataError

Titles: TypeAlias = tuple[NDArray[np.int64], NDArray[np.character]]


def read_titles(path: Path, id_columns: dict[str, str], title_column: str) -> Titles:
    """Item ids and titles, both of shape (titles,); of an id that is repeated the first row counts.

    Args:
        path: a plain, ``.gz`` or ``.zip`` csv file in UTF-8.
        id_columns: the first key that the header holds says which edition the file is, and its
            value which column holds the ids of the interactions.
        title_column: the column of the titles.

    Raises:
        DataError: the file is damaged, lacks a column, or holds an id that is no whole number.
    """
    with open_unpacked(path) as stream:
        try:
            frame = pd.read_csv(stream, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        except (ValueError, OverflowError) as error:
            raise DataError(
                f"{path} cannot be read as csv: {' '.join(str(error).split())}"
            ) from error
    edition = next((column for name, column in id_columns.items() if name in frame.columns), None)
    for column in (edition, title_column):
        if column is None or column not in frame.columns:
            wanted = column or " or ".join(id_columns)
            raise DataError(f"{path} has no column {wanted}; it has {', '.join(frame.columns)}")
    first = frame.drop_duplicates(subset=[edition])
    try:
        ids = first[edition].to_numpy(dtype=str).astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(
            f"{path}: the column {edition} holds an id that is no whole number"
        ) from error
    return ids, first[title_column].to_numpy(dtype=str)
