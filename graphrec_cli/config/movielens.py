"""The MovieLens data sets, in the layouts that GroupLens publishes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import Between, PathBelow, check_fields
from graphrec_cli.config.dataset import DatasetConfig, KCoreConfig, RemoteFileConfig, no_k_core
from graphrec_cli.errors import ConfigError

FOLDS = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
"""The folds that MovieLens-100K is published with."""


def published(name: str) -> RemoteFileConfig:
    """The zip of that name at GroupLens."""
    return RemoteFileConfig(url=f"https://files.grouplens.org/datasets/movielens/{name}.zip")


@dataclass(kw_only=True, slots=True)
class MovieLensConfig(DatasetConfig):
    """What all MovieLens data sets share."""

    folder: Annotated[str, PathBelow("data_dir")] = MISSING
    """Folder under data_dir with the files. It may hold the published zip instead."""
    rating_threshold: Annotated[float | None, Between(0.5, 5)] = None
    """Ratings of at least this value are positives; null: every rating is."""
    download: bool = True
    """Download the published zip if files are missing."""
    archive: RemoteFileConfig = field(default_factory=RemoteFileConfig)
    """The published zip."""
    k_core: KCoreConfig = field(default_factory=no_k_core)

    def __post_init__(self) -> None:
        check_fields(self, "dataset")
        self.archive.check_zip("dataset.archive")


@dataclass(kw_only=True, slots=True)
class MovieLens100KConfig(MovieLensConfig):
    """MovieLens-100K: u.data, or one of the published folds; titles from u.item."""

    name: str = "movielens_100k"
    folder: Annotated[str, PathBelow("data_dir")] = "ml-100k"
    archive: RemoteFileConfig = field(default_factory=lambda: published("ml-100k"))
    fold: str | None = None
    """Published fold to read: u1 to u5, ua or ub; null: all of u.data. Read a fold with
    split=predefined."""

    def __post_init__(self) -> None:
        MovieLensConfig.__post_init__(self)
        if self.fold is not None and self.fold not in FOLDS:
            raise ConfigError(
                f"dataset.fold must be null or one of {', '.join(FOLDS)}, got '{self.fold}'"
            )


@dataclass(kw_only=True, slots=True)
class MovieLens1MConfig(MovieLensConfig):
    """MovieLens-1M: ratings.dat, titles from movies.dat."""

    name: str = "movielens_1m"
    folder: Annotated[str, PathBelow("data_dir")] = "ml-1m"
    archive: RemoteFileConfig = field(default_factory=lambda: published("ml-1m"))


@dataclass(kw_only=True, slots=True)
class MovieLensLatestConfig(MovieLensConfig):
    """MovieLens latest, small or full: ratings.csv, titles from movies.csv."""

    name: str = "movielens_latest"
    folder: Annotated[str, PathBelow("data_dir")] = "ml-latest-small"
    archive: RemoteFileConfig = field(default_factory=lambda: published("ml-latest-small"))
