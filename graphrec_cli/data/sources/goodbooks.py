"""GoodBooks-10k: ratings.csv, to_read.csv and, for titles, books.csv, of either edition."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import GoodBooksConfig, RemoteFileConfig
from graphrec_cli.data.files.download import download
from graphrec_cli.data.files.files import find_file
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.tables.columns import ColumnArray, IdColumn, NumberColumn
from graphrec_cli.data.tables.layout import CSV
from graphrec_cli.data.tables.read_csv import check_first_rows, read_csv_columns
from graphrec_cli.data.tables.titles import pick_id_column, read_titles
from graphrec_cli.errors import DataError

IDS = (IdColumn("user_id"), IdColumn("book_id"))
FILE_NAMES = {"rating_pos": "ratings.csv", "to_read": "to_read.csv"}
BOOKS = "books.csv"
COLUMNS = {"rating_pos": (*IDS, NumberColumn("rating", low=1.0, high=5.0)), "to_read": IDS}

# The editions differ in what their books.csv calls the id that ratings.csv uses.
BOOK_ID_COLUMNS = {"goodreads_book_id": "book_id", "id": "id"}


def find_goodbooks(config: GoodBooksConfig, *, data_dir: Path) -> dict[str, Path]:
    """The files of the configured signals; downloads missing ones if the config allows it.

    books.csv is included if it exists; it is not downloaded.

    Args:
        config: signals, folder and addresses.
        data_dir: the folder that holds ``config.folder``.

    Returns:
        Paths by the plain file's name, the signals' in their order.

    Raises:
        DataError: a file is missing and cannot be fetched.
    """
    folder = data_dir / config.folder
    remotes: dict[str, RemoteFileConfig] = {
        "rating_pos": config.ratings,
        "to_read": config.to_read,
    }
    wanted = {FILE_NAMES[signal]: remotes[signal] for signal in config.signals}
    missing = {name: remote for name, remote in wanted.items() if find_file(folder, name) is None}
    names = " and ".join(missing)
    if missing and not config.download:
        urls = " and ".join(remote.url for remote in missing.values())
        raise DataError(
            f"{names} (plain, .gz or .zip) not found in {folder}; put them there from {urls}, "
            "or set dataset.download=true"
        )
    for name, remote in missing.items():
        try:
            download(remote, folder / name)
        except DataError as error:
            raise DataError(f"{error} (missing in {folder}: {names})") from error
    paths = {name: find_file(folder, name) for name in (*wanted, BOOKS)}
    return {name: path for name, path in paths.items() if path is not None}


def check_goodbooks(config: GoodBooksConfig, paths: Mapping[str, Path]) -> None:
    """Refuse files that lack a column, or whose first rows are faulty.

    Raises:
        DataError: naming the file and the line.
    """
    for signal in config.signals:
        check_first_rows(paths[FILE_NAMES[signal]], COLUMNS[signal], CSV)
    if BOOKS in paths:
        pick_id_column(paths[BOOKS], BOOK_ID_COLUMNS, "title")


def load_goodbooks(config: GoodBooksConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """Read the files of the configured signals, and the titles if books.csv exists.

    Args:
        config: signals.
        files: what ``find_goodbooks`` found.
        seed: not used: nothing is drawn.

    Returns:
        All rows of all signals, the strongest signal's first, each signal's in the file's order;
        the rating is NaN for ``to_read``.

    Raises:
        DataError: a file is faulty.
    """
    parts = [
        read_csv_columns(files.paths[FILE_NAMES[signal]], COLUMNS[signal])
        for signal in config.signals
    ]
    rows = [len(part["user_id"]) for part in parts]
    books = files.paths.get(BOOKS)
    table = RawTable(
        user_id=np.concatenate([part["user_id"] for part in parts]),
        item_id=np.concatenate([part["book_id"] for part in parts]),
        rating=np.concatenate([_ratings(part) for part in parts]),
        timestamp=None,
        signal=np.repeat(np.arange(len(parts), dtype=np.int8), rows),
        signal_names=tuple(config.signals),
    )
    return SourceData(
        table=table,
        funnel=Funnel(len(table)),
        titles=None if books is None else read_titles(books, BOOK_ID_COLUMNS, "title"),
        files=files.on_disk,
    )


def _ratings(part: dict[str, ColumnArray]) -> NDArray[np.float32]:
    missing = np.full(len(part["user_id"]), np.nan)
    return np.asarray(part.get("rating", missing), dtype=np.float32)


GOODBOOKS = Source(find_goodbooks, load_goodbooks, check_goodbooks)
