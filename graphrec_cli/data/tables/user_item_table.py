"""Read a table of users and their items, such as new users of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import DatasetConfig
from graphrec_cli.config.table import TableConfig
from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.tables.guess_columns import bare_name, name_stands_for
from graphrec_cli.data.tables.open_table import TableFile, open_table
from graphrec_cli.data.tables.text_ids import TextIdColumn
from graphrec_cli.errors import DataError


class UserItemTable(NamedTuple):
    """The rows of a table.

    Attributes:
        user: int64 index into ``user_id``, shape (rows,).
        user_id: distinct raw ids, in the order of their first rows.
        item_id: the item of every row, by raw id.
    """

    user: NDArray[np.int64]
    user_id: NDArray[np.object_]
    item_id: CodedTexts


def read_user_items(path: Path, dataset: DatasetConfig) -> UserItemTable:
    """Read the columns of users and items of a csv, tsv, parquet or JSON lines file.

    Args:
        path: an existing file.
        dataset: of the run. The names of a table's own columns are tried before common names.

    Raises:
        DataError: the file is faulty or has no row, or a column cannot be recognised.
    """
    import pandas as pd

    own = (dataset.user, dataset.item) if isinstance(dataset, TableConfig) else (None, None)
    try:
        file = open_table(path, TableConfig(path=str(path)).text_format())
        names = [_column(file, key, name) for key, name in zip(("user", "item"), own, strict=True)]
        cells = file.read([TextIdColumn(name) for name in names])
    except DataError as error:
        if "dataset." not in str(error):
            raise
        raise DataError(f"{error} (keys of dataset are train's: change the file)") from error
    users, items = (cells[name] for name in names)
    assert isinstance(users, CodedTexts)
    assert isinstance(items, CodedTexts)
    if not len(users):
        raise DataError(f"{path} has no row; write a line for each user and item")
    user, place = pd.factorize(users.code)
    return UserItemTable(user.astype(np.int64), users.text[place], items)


def _column(file: TableFile, key: str, configured: str | None) -> str:
    header = list(file.kinds)
    found = [name for name in header if configured in (name, bare_name(name))]
    if not found:
        found = [n for n in header if n not in file.inner and name_stands_for(n, [key])]
    if len(found) != 1:
        problem = "has no column" if not found else f"has several columns ({', '.join(found)})"
        raise DataError(
            f"{file.path} {problem} with a known name for {key} ids; name one column {key}_id "
            f"(its columns are {', '.join(header)})"[:400]
        )
    return found[0]
