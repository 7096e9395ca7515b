"""MovieLens-100K, -1M and latest: ratings, timestamps and titles in GroupLens' layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from graphrec_cli.config.movielens import (
    MovieLens1MConfig,
    MovieLens100KConfig,
    MovieLensConfig,
    MovieLensLatestConfig,
)
from graphrec_cli.data.files.archive import archive_name, find_or_fetch
from graphrec_cli.data.files.files import find_file
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import PART_NAMES, RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.tables.columns import IdColumn, NumberColumn
from graphrec_cli.data.tables.layout import CSV, Layout
from graphrec_cli.data.tables.read_csv import read_csv_columns
from graphrec_cli.data.tables.titles import read_titles
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The layout of an edition's ratings and titles."""

    ratings: Layout
    columns: tuple[str, str, str, str]
    titles: Layout
    titles_file: str
    title_columns: tuple[str, str]


U_DATA = ("user", "item", "rating", "timestamp")
U_ITEM = ("movie", "title", "release", "video_release", "url", *(f"genre_{n}" for n in range(19)))
RATINGS_DAT = ("UserID", "MovieID", "Rating", "Timestamp")
MOVIES_DAT = ("MovieID", "Title", "Genres")

ML_100K = Edition(
    ratings=Layout(separator="\t", names=U_DATA, quoted=False),
    columns=U_DATA,
    titles=Layout(separator="|", encoding="latin-1", names=U_ITEM, quoted=False),
    titles_file="u.item",
    title_columns=("movie", "title"),
)
ML_1M = Edition(
    ratings=Layout(separator="::", names=RATINGS_DAT, quoted=False),
    columns=RATINGS_DAT,
    titles=Layout(separator="::", encoding="latin-1", names=MOVIES_DAT, quoted=False),
    titles_file="movies.dat",
    title_columns=("MovieID", "Title"),
)
LATEST = Edition(
    ratings=CSV,
    columns=("userId", "movieId", "rating", "timestamp"),
    titles=CSV,
    titles_file="movies.csv",
    title_columns=("movieId", "title"),
)
FILES_1M: dict[str, str | None] = {"ratings.dat": None}
FILES_LATEST: dict[str, str | None] = {"ratings.csv": None}


def find_movielens_100k(config: MovieLens100KConfig, *, data_dir: Path) -> dict[str, Path]:
    """``u.data``, or the ``.base`` and ``.test`` of the configured fold; see ``_find``."""
    return _find(config, data_dir, ML_100K, _files_100k(config))


def load_movielens_100k(config: MovieLens100KConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """``u.data``, or the ``.base`` (train) and ``.test`` of the configured fold, one after another.

    See ``_load`` for the rest; ``seed`` is not used: nothing is drawn.
    """
    return _load(files, ML_100K, _files_100k(config))


def _files_100k(config: MovieLens100KConfig) -> dict[str, str | None]:
    if config.fold is None:
        return {"u.data": None}
    return {f"{config.fold}.base": "train", f"{config.fold}.test": "test"}


def find_movielens_1m(config: MovieLens1MConfig, *, data_dir: Path) -> dict[str, Path]:
    """``ratings.dat``; see ``_find``."""
    return _find(config, data_dir, ML_1M, FILES_1M)


def load_movielens_1m(config: MovieLens1MConfig, files: FoundFiles, *, seed: int) -> SourceData:
    """``ratings.dat``; see ``_load``. ``seed`` is not used: nothing is drawn."""
    return _load(files, ML_1M, FILES_1M)


def find_movielens_latest(config: MovieLensLatestConfig, *, data_dir: Path) -> dict[str, Path]:
    """``ratings.csv``; see ``_find``.

    Raises:
        DataError: as ``_find``, or the folder and the address belong to different editions.
    """
    folder, archive = data_dir / config.folder, archive_name(config.archive)
    wrong = folder.name != PurePosixPath(archive).stem
    if wrong and config.download and find_file(folder, "ratings.csv", archive) is None:
        raise DataError(
            f"ratings.csv (plain, .gz or .zip) not found in {folder}; put it there, or set "
            f"dataset.archive.url to the address of {folder.name}.zip (it is {config.archive.url})"
        )
    return _find(config, data_dir, LATEST, FILES_LATEST)


def load_movielens_latest(
    config: MovieLensLatestConfig, files: FoundFiles, *, seed: int
) -> SourceData:
    """``ratings.csv``; see ``_load``. ``seed`` is not used: nothing is drawn."""
    return _load(files, LATEST, FILES_LATEST)


def _find(
    config: MovieLensConfig, data_dir: Path, edition: Edition, files: Mapping[str, str | None]
) -> dict[str, Path]:
    """The rating files, downloaded if missing, and the file of titles if it exists.

    Args:
        files: names of the rating files, see ``_load``.

    Returns:
        Paths by the plain file's name, the rating files' first.

    Raises:
        DataError: a rating file is missing and cannot be fetched.
    """
    folder = data_dir / config.folder
    found = find_or_fetch(folder, list(files), config.archive, fetch=config.download)
    paths = dict(zip(files, found, strict=True))
    titles = find_file(folder, edition.titles_file, archive_name(config.archive))
    return paths if titles is None else {**paths, edition.titles_file: titles}


def _load(found: FoundFiles, edition: Edition, files: Mapping[str, str | None]) -> SourceData:
    """Read the rating files in order, and the titles if their file exists.

    Args:
        found: what ``_find`` found.
        files: names of the rating files and the part of the split that each is, None for no split.

    Returns:
        Rows of the one signal ``rating``, with timestamps.

    Raises:
        DataError: a file is faulty.
    """
    user, item, rating, timestamp = edition.columns
    wanted = (
        IdColumn(user),
        IdColumn(item),
        NumberColumn(rating, low=0.5, high=5.0),
        IdColumn(timestamp),
    )
    tables = [read_csv_columns(found.paths[name], wanted, edition.ratings) for name in files]
    titles_path = found.paths.get(edition.titles_file)
    titles = None
    if titles_path is not None:
        id_column, title_column = edition.title_columns
        titles = read_titles(titles_path, {id_column: id_column}, title_column, edition.titles)
    part = [
        np.full(len(table[user]), PART_NAMES.index(name), dtype=np.int8)
        for name, table in zip(files.values(), tables, strict=True)
        if name is not None
    ]
    table = RawTable(
        user_id=np.concatenate([table[user] for table in tables]),
        item_id=np.concatenate([table[item] for table in tables]),
        rating=np.concatenate([table[rating] for table in tables]).astype(np.float32),
        timestamp=np.concatenate([table[timestamp] for table in tables]).astype(np.int64),
        signal=np.zeros(sum(len(table[user]) for table in tables), dtype=np.int8),
        signal_names=("rating",),
        part=np.concatenate(part) if part else None,
    )
    return SourceData(
        table=table,
        funnel=Funnel(len(table)),
        titles=titles,
        files=found.on_disk,
        preferences=None,
    )


MOVIELENS_100K = Source(find_movielens_100k, load_movielens_100k)
MOVIELENS_1M = Source(find_movielens_1m, load_movielens_1m)
MOVIELENS_LATEST = Source(find_movielens_latest, load_movielens_latest)
