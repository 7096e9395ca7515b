"""The MovieLens data sets, in the layouts that GroupLens publishes."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from graphrec_cli.config.checks import check_between, check_folder, check_name
from graphrec_cli.config.dataset import DatasetConfig, RemoteFileConfig
from graphrec_cli.errors import ConfigError

FOLDS = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
"""The folds that MovieLens-100K is published with."""


@dataclass(kw_only=True, slots=True)
class MovieLensConfig(DatasetConfig):
    """What all MovieLens data sets share."""

    folder: str = MISSING
    """Folder under data_dir that holds the files, or the published zip as it is."""
    rating_threshold: float | None = None
    """Ratings of at least this value are positives; null makes every rating one."""
    download: bool = True
    """Fetch the published zip where files are missing; it is read as it is."""
    archive: RemoteFileConfig = field(default_factory=RemoteFileConfig)

    def positive_threshold(self) -> float | None:
        """Ratings below it are dropped."""
        return self.rating_threshold

    def check(self, name: str) -> None:
        """Refuse values out of range; ``name`` is the data set's own."""
        check_name("dataset", self.name, name)
        check_folder("dataset.folder", self.folder)
        if self.rating_threshold is not None:
            check_between("dataset.rating_threshold", self.rating_threshold, 0.5, 5)
        self.archive.check_zip("dataset.archive")


@dataclass(kw_only=True, slots=True)
class MovieLens100KConfig(MovieLensConfig):
    """MovieLens-100K: u.data, or one of the published folds; titles from u.item."""

    name: str = "movielens_100k"
    folder: str = "ml-100k"
    fold: str | None = None
    """u1 to u5, ua or ub reads that fold's .base and .test (split=predefined); null, u.data."""

    def __post_init__(self) -> None:
        self.check("movielens_100k")
        if self.fold is not None and self.fold not in FOLDS:
            raise ConfigError(
                f"dataset.fold must be null or one of {', '.join(FOLDS)}, got '{self.fold}'"
            )


@dataclass(kw_only=True, slots=True)
class MovieLens1MConfig(MovieLensConfig):
    """MovieLens-1M: ratings.dat, titles from movies.dat."""

    name: str = "movielens_1m"
    folder: str = "ml-1m"

    def __post_init__(self) -> None:
        self.check("movielens_1m")


@dataclass(kw_only=True, slots=True)
class MovieLensLatestConfig(MovieLensConfig):
    """MovieLens latest, small or full: ratings.csv, titles from movies.csv."""

    name: str = "movielens_latest"
    folder: str = "ml-latest-small"

    def __post_init__(self) -> None:
        self.check("movielens_latest")
