"""Any table of interactions: csv, tsv, parquet or RecBole's .inter, with ids as written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import TableConfig
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.sources.table_rows import TableRows, read_rows, shown_values
from graphrec_cli.data.tables.columns import MAX_TITLE_LENGTH, TextColumn
from graphrec_cli.data.tables.guess_columns import bare_name, pick_column, refuse_unused_names
from graphrec_cli.data.tables.open_table import find_table, open_table
from graphrec_cli.data.tables.titles import Titles
from graphrec_cli.errors import DataError


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


def load_table(config: TableConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the table's columns, and the titles if their file is configured.

    Args:
        config: the layout and the columns.
        files: what ``find_tables`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows in the file's order, ids as text, the rating NaN where there is no such column; of
        ``dataset.signals``, or of the one signal ``interaction``.

    Raises:
        DataError: a file is faulty, or a column cannot be recognised.
    """
    rows = read_rows(files.paths["path"], config)
    arrays, size = rows.arrays, rows.funnel.rows_left
    table = RawTable(
        user_id=arrays["user"],
        item_id=arrays["item"],
        rating=arrays.get("rating", np.full(size, np.nan)).astype(np.float32),
        timestamp=arrays["timestamp"].astype(np.int64) if "timestamp" in arrays else None,
        signal=arrays.get("signal", np.zeros(size)).astype(np.int8),
        signal_names=("interaction",) if config.signals is None else tuple(config.signals),
    )
    _refuse_absent_signals(table, rows)
    titles = None
    if "items_path" in files.paths:
        titles = _read_titles(
            files.paths["items_path"], config, bare_name(rows.columns["item"]), table.item_id
        )
    return SourceData(table=table, funnel=rows.funnel, titles=titles, files=files.on_disk)


def _refuse_absent_signals(table: RawTable, rows: TableRows) -> None:
    """Refuse a signal that no row has: it may be misspelt."""
    found = np.bincount(table.signal, minlength=len(table.signal_names))
    for name, count in zip(table.signal_names, found.tolist(), strict=True):
        if not count:
            column = rows.columns["signal"]
            raise DataError(
                f"no row that is left has the signal '{name}', which dataset.signals names"
                f"{suggestion(name, rows.signals)} ({column} has {shown_values(rows.signals)})"
            )


def _read_titles(path: Path, config: TableConfig, item: str, known: NDArray[np.generic]) -> Titles:
    """Ids of the table's items and their titles, the first of each that is repeated."""
    import pandas as pd

    file = open_table(path, config.items_format())
    header = list(file.kinds)
    same = item if item in map(bare_name, header) else None
    id_column = pick_column("items_id", config.items_id or same, header, path, needed=True)
    title_column = pick_column("items_title", config.items_title, header, path, needed=True)
    assert id_column is not None
    assert title_column is not None
    if config.items_columns is not None:
        refuse_unused_names(
            "dataset.items_columns", config.items_columns, [id_column, title_column]
        )
    title_cells = TextColumn(title_column, max_length=MAX_TITLE_LENGTH, may_be_empty=True)
    arrays = file.read([TextColumn(id_column), title_cells])
    ids = pd.Series(arrays[id_column], dtype=object)
    chosen = (ids.isin(pd.unique(known)) & ~ids.duplicated()).to_numpy()
    return (
        arrays[id_column][chosen].astype(np.str_),
        arrays[title_column][chosen].astype(np.str_),
    )


TABLE = Source(find_tables, load_table)
