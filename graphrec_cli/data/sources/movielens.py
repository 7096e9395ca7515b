"""MovieLens-100K, -1M and latest: ratings, times, titles and genres in GroupLens' layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from graphrec_cli.config.movielens import (
    MovieLens100KConfig,
    MovieLensConfig,
    MovieLensLatestConfig,
)
from graphrec_cli.data.files.archive import archive_name, find_or_fetch
from graphrec_cli.data.files.files import find_file
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import PART_NAMES, RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData
from graphrec_cli.data.sources.movielens_genres import FLAGS, read_genres
from graphrec_cli.data.tables.columns import Column, IdColumn, NumberColumn
from graphrec_cli.data.tables.layout import CSV, Layout
from graphrec_cli.data.tables.read_csv import check_first_rows, read_csv_columns
from graphrec_cli.data.tables.time_column import SecondsColumn
from graphrec_cli.data.tables.titles import pick_id_column, read_titles
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The layout of an edition's ratings and titles."""

    ratings: Layout
    ratings_file: str
    columns: tuple[str, str, str, str]
    titles: Layout
    titles_file: str
    title_columns: tuple[str, str]


U_DATA = ("user", "item", "rating", "timestamp")
U_ITEM = ("movie", "title", "release", "video_release", "url", "unknown", *FLAGS)
RATINGS_DAT = ("UserID", "MovieID", "Rating", "Timestamp")
MOVIES_DAT = ("MovieID", "Title", "Genres")

ML_100K = Edition(
    ratings=Layout(separator="\t", names=U_DATA, quoted=False),
    ratings_file="u.data",
    columns=U_DATA,
    titles=Layout(separator="|", encoding="latin-1", names=U_ITEM, quoted=False),
    titles_file="u.item",
    title_columns=("movie", "title"),
)
ML_1M = Edition(
    ratings=Layout(separator="::", names=RATINGS_DAT, quoted=False),
    ratings_file="ratings.dat",
    columns=RATINGS_DAT,
    titles=Layout(separator="::", encoding="latin-1", names=MOVIES_DAT, quoted=False),
    titles_file="movies.dat",
    title_columns=("MovieID", "Title"),
)
LATEST = Edition(
    ratings=CSV,
    ratings_file="ratings.csv",
    columns=("userId", "movieId", "rating", "timestamp"),
    titles=CSV,
    titles_file="movies.csv",
    title_columns=("movieId", "title"),
)


def find_movielens(config: MovieLensConfig, *, data_dir: Path, edition: Edition) -> dict[str, Path]:
    """The rating files, downloaded if missing, and the file of titles if it exists.

    Returns:
        Paths by the plain file's name, the rating files' first.

    Raises:
        DataError: a rating file is missing and cannot be fetched.
    """
    folder, names = data_dir / config.folder, list(_rating_files(config, edition))
    found = find_or_fetch(folder, names, config.archive, fetch=config.download)
    paths = dict(zip(names, found, strict=True))
    titles = find_file(folder, edition.titles_file, archive_name(config.archive))
    return paths if titles is None else {**paths, edition.titles_file: titles}


def find_movielens_latest(config: MovieLensLatestConfig, *, data_dir: Path) -> dict[str, Path]:
    """The same for an edition that is chosen by its folder.

    Raises:
        DataError: as ``find_movielens``, or the folder and the address differ in edition.
    """
    folder, archive = data_dir / config.folder, archive_name(config.archive)
    wrong = folder.name != PurePosixPath(archive).stem
    if wrong and config.download and find_file(folder, "ratings.csv", archive) is None:
        raise DataError(
            f"ratings.csv (plain, .gz or .zip) not found in {folder}; put it there, or set "
            f"dataset.archive.url to the address of {folder.name}.zip (it is {config.archive.url})"
        )
    return find_movielens(config, data_dir=data_dir, edition=LATEST)


def check_movielens(
    config: MovieLensConfig, paths: Mapping[str, Path], *, edition: Edition
) -> None:
    """Refuse files that lack a column, or whose first rows are faulty.

    Raises:
        DataError: naming the file and the line.
    """
    for name in _rating_files(config, edition):
        check_first_rows(paths[name], _columns(edition), edition.ratings)
    if edition.titles_file in paths:
        id_column, title_column = edition.title_columns
        titles = paths[edition.titles_file]
        pick_id_column(titles, {id_column: id_column}, title_column, edition.titles)


def load_movielens(
    config: MovieLensConfig, files: FoundFiles, *, seed: int, edition: Edition
) -> SourceData:
    """Read the rating files in order, and the titles and genres if their file exists.

    Args:
        files: what ``find_movielens`` found.
        seed: not used: nothing is drawn.

    Returns:
        Rows of the one signal ``rating``, with timestamps; with parts where a fold is read.

    Raises:
        DataError: a file is faulty.
    """
    user, item, rating, timestamp = edition.columns
    wanted = _columns(edition)
    parts = _rating_files(config, edition)
    tables = [read_csv_columns(files.paths[name], wanted, edition.ratings) for name in parts]
    titles_path = files.paths.get(edition.titles_file)
    titles = genres = None
    if titles_path is not None:
        id_column, title_column = edition.title_columns
        titles = read_titles(titles_path, {id_column: id_column}, title_column, edition.titles)
        genres = read_genres(titles_path, id_column, edition.titles)
    part = [
        np.full(len(table[user]), PART_NAMES.index(name), dtype=np.int8)
        for name, table in zip(parts.values(), tables, strict=True)
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
        attributes=genres,
        files=files.on_disk,
    )


def _rating_files(config: MovieLensConfig, edition: Edition) -> dict[str, str | None]:
    """Names of the rating files, and the part of the split that each is, None without a split."""
    fold = config.fold if isinstance(config, MovieLens100KConfig) else None
    if fold is None:
        return {edition.ratings_file: None}
    return {f"{fold}.base": "train", f"{fold}.test": "test"}


def _columns(edition: Edition) -> tuple[Column, ...]:
    user, item, rating, timestamp = edition.columns
    return (
        IdColumn(user),
        IdColumn(item),
        NumberColumn(rating, low=0.5, high=5.0),
        SecondsColumn(timestamp),
    )


def _source(edition: Edition) -> Source[MovieLensConfig]:
    return Source(
        partial(find_movielens, edition=edition),
        partial(load_movielens, edition=edition),
        partial(check_movielens, edition=edition),
    )


MOVIELENS_100K = _source(ML_100K)
MOVIELENS_1M = _source(ML_1M)
MOVIELENS_LATEST = Source(
    find_movielens_latest,
    partial(load_movielens, edition=LATEST),
    partial(check_movielens, edition=LATEST),
)
