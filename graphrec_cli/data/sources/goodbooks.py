"""GoodBooks-10k: ratings.csv, to_read.csv and, for titles, books.csv, of either edition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import GoodBooksConfig, RemoteFileConfig
from graphrec_cli.data.column import ColumnArray
from graphrec_cli.data.csv_columns import IdColumn, NumberColumn, read_csv_columns
from graphrec_cli.data.download import download
from graphrec_cli.data.files import find_file
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import DataFile, SourceData
from graphrec_cli.data.titles import read_titles
from graphrec_cli.errors import DataError

IDS = (IdColumn("user_id"), IdColumn("book_id"))
FILE_NAMES = {"rating_pos": "ratings.csv", "to_read": "to_read.csv"}
COLUMNS = {"rating_pos": (*IDS, NumberColumn("rating", low=1.0, high=5.0)), "to_read": IDS}

# The editions differ in what their books.csv calls the id that ratings.csv uses.
BOOK_ID_COLUMNS = {"goodreads_book_id": "book_id", "id": "id"}


def load_goodbooks(config: GoodBooksConfig, *, data_dir: Path, seed: int) -> SourceData:
    """Read the files of the configured signals; a missing one is fetched if the config allows it.

    Titles are read where books.csv is there; it is not fetched.

    Args:
        config: signals, folder and addresses.
        data_dir: the folder that holds ``config.folder``.
        seed: not used: nothing is drawn.

    Returns:
        All rows of all signals, the strongest signal's first, each signal's in the file's order;
        the rating is NaN for ``to_read``.

    Raises:
        DataError: a file is missing and cannot be fetched, or is faulty.
    """
    paths = _find_files(config, data_dir / config.folder)
    parts = [
        read_csv_columns(path, COLUMNS[signal])
        for signal, path in zip(config.signals, paths, strict=True)
    ]
    rows = [len(part["user_id"]) for part in parts]
    titles = None
    books = find_file(data_dir / config.folder, "books.csv")
    if books is not None:
        titles = read_titles(books, BOOK_ID_COLUMNS, "title")
        paths.append(books)
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
        titles=titles,
        files=tuple(DataFile.of(path) for path in paths),
        preferences=None,
    )


def _ratings(part: dict[str, ColumnArray]) -> NDArray[np.float32]:
    missing = np.full(len(part["user_id"]), np.nan)
    return part.get("rating", missing).astype(np.float32)


def _find_files(config: GoodBooksConfig, folder: Path) -> list[Path]:
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
            raise DataError(f"{error} (in {folder} are missing: {names})") from error
    return [path for name in wanted if (path := find_file(folder, name)) is not None]
