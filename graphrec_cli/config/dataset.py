"""Data sets: which interactions are read, and which of them are positives."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from omegaconf import MISSING

from graphrec_cli.config.checks import (
    MAX_INTEGER,
    Address,
    AtLeast,
    Between,
    Distinct,
    Finite,
    PathBelow,
    Positive,
    Sha256,
    check_fields,
)
from graphrec_cli.errors import ConfigError


class KCoreMode(Enum):
    """How users and items with too few interactions are dropped."""

    fixpoint = "fixpoint"
    """Repeatedly, until every remaining user and item has its minimum."""
    one_pass = "one_pass"
    """Users once, then items once. Some users may be left with fewer interactions."""


class Duplicates(Enum):
    """What stands for a pair that occurs in several rows of one signal."""

    latest = "latest"
    earliest = "earliest"
    highest = "highest"
    first = "first"
    sum = "sum"
    count = "count"


@dataclass(kw_only=True, slots=True)
class KCoreConfig:
    """Users and items with fewer interactions are dropped."""

    mode: KCoreMode = KCoreMode.fixpoint
    """How users and items are dropped. fixpoint: repeatedly, until all have their minimum.
    one_pass: users once, then items once; some users may be left with fewer."""
    min_user_interactions: Annotated[int, AtLeast(1)] = 5
    """Drop users with fewer interactions; 1 keeps all."""
    min_item_interactions: Annotated[int, AtLeast(1)] = 5
    """Drop items with fewer interactions; 1 keeps all."""


def no_k_core() -> KCoreConfig:
    """A k-core that keeps everything: the default of tables and of most published data sets."""
    return KCoreConfig(min_user_interactions=1, min_item_interactions=1)


@dataclass(kw_only=True, slots=True)
class PrefilterKCoreConfig(KCoreConfig):
    """A k-core that keeps everything by default."""

    min_user_interactions: Annotated[int, AtLeast(1)] = 1
    min_item_interactions: Annotated[int, AtLeast(1)] = 1


@dataclass(kw_only=True, slots=True)
class PrefilterConfig:
    """A rating threshold and a k-core that are applied first; by default they drop nothing."""

    rating_threshold: Annotated[float | None, Finite()] = None
    """Drop rows with a lower rating before everything else; null drops none."""
    k_core: PrefilterKCoreConfig = field(default_factory=PrefilterKCoreConfig)
    """A k-core before the rating threshold and the k-core of the data set."""


@dataclass(kw_only=True, slots=True)
class DatasetConfig:
    """What all data sets share.

    Attributes:
        may_have_times: False if rows never have a timestamp.
    """

    may_have_times: ClassVar[bool] = True
    name: str = MISSING
    """Name of the component; the option sets it."""
    prefilter: PrefilterConfig = field(default_factory=PrefilterConfig)
    """Filters that are applied before the data set's own."""
    duplicates: Duplicates = Duplicates.latest
    """The row that stands for a pair that occurs more than once, chosen before the thresholds.
    latest: the newest, then the highest rated; without times the highest rated. earliest: the
    oldest, then the highest rated. highest: the highest rated, then the newest. first: the first in
    the file. sum, count: the newest, with the sum of the ratings or the number of rows as its
    rating; sum adds up weights too. Rows that are equal by then: the one of the largest weight."""
    k_core: KCoreConfig = field(default_factory=KCoreConfig)
    """Drops users and items with few positives, before the split."""

    def __post_init__(self) -> None:
        check_fields(self, "dataset")

    def positive_threshold(self) -> float | None:
        """``rating_threshold``, from which a row is a positive; None if every row is one."""
        threshold: float | None = getattr(self, "rating_threshold", None)
        return threshold

    def has_weights(self) -> bool:
        """Whether rows have a weight, which ``sampler.by=weight`` needs."""
        return False


MAX_TRUE_SCORES = 250_000_000
"""Largest number of user-item pairs; each has a true score of four bytes."""


@dataclass(kw_only=True, slots=True)
class SyntheticConfig(DatasetConfig):
    """Interactions generated in memory: latent groups of taste and long-tailed popularity."""

    name: str = "synthetic"
    num_users: Annotated[int, AtLeast(10)] = 2200
    """Number of users, before the k-core."""
    num_items: Annotated[int, AtLeast(10)] = 1600
    """Number of items, before the k-core. num_users times num_items is at most 250,000,000."""
    mean_interactions: float = 60.0
    """Mean number of interactions per user, from 5 to half of num_items. The numbers are
    long-tailed."""
    num_groups: Annotated[int, AtLeast(1)] = 20
    """Number of latent groups of taste, at most num_items."""
    popularity_exponent: Annotated[float, Between(0, 3)] = 0.8
    """Zipf exponent of item popularity; 0: all items are equally popular."""
    group_strength: Annotated[float, Between(0, 20)] = 4.0
    """How much a shared group raises the log-odds of an interaction. 0: only popularity counts."""
    seed: Annotated[int | None, Between(0, MAX_INTEGER)] = None
    """Seed of the interactions alone; null: the run's seed."""

    def __post_init__(self) -> None:
        check_fields(self, "dataset")
        Between(5, self.num_items / 2).check("dataset.mean_interactions", self.mean_interactions)
        if self.num_users * self.num_items > MAX_TRUE_SCORES:
            raise ConfigError(
                f"dataset.num_users times dataset.num_items must be at most {MAX_TRUE_SCORES} "
                f"(each pair has a true score in memory), got {self.num_users * self.num_items}"
            )
        Between(1, self.num_items).check("dataset.num_groups", self.num_groups)


@dataclass(kw_only=True, slots=True)
class RemoteFileConfig:
    """A file that is downloaded if it is missing."""

    url: Annotated[str, Address()] = MISSING
    """Address of the file."""
    sha256: Annotated[str | None, Sha256()] = None
    """Expected sha256 digest; null skips the check."""
    size: Annotated[int | None, Positive()] = None
    """Expected size in bytes; null skips the check."""

    def check_zip(self, key: str) -> None:
        """Refuse an address that is not that of a zip; ``key`` is the full key of this file."""
        if self.url != MISSING and not urlsplit(self.url).path.endswith(".zip"):
            raise ConfigError(f"{key}.url must be the address of a .zip, got '{self.url}'")


GOODBOOKS_URL = "https://raw.githubusercontent.com/zygmuntz/goodbooks-10k/master"


@dataclass(kw_only=True, slots=True)
class GoodBooksConfig(DatasetConfig):
    """GoodBooks-10k: ratings.csv and to_read.csv, either edition."""

    may_have_times: ClassVar[bool] = False
    name: str = "goodbooks"
    folder: Annotated[str, PathBelow("data_dir")] = "goodbooks-10k"
    """Folder under data_dir with the files."""
    rating_threshold: Annotated[float, Between(1, 5)] = 4.0
    """Ratings of at least this value are positives."""
    signals: Annotated[list[str], Distinct()] = field(
        default_factory=lambda: ["rating_pos", "to_read"]
    )
    """Signals that make a pair a positive, of rating_pos and to_read. A pair with both keeps the
    first one listed."""
    download: bool = True
    """Download missing files."""
    ratings: RemoteFileConfig = field(
        default_factory=lambda: RemoteFileConfig(url=f"{GOODBOOKS_URL}/ratings.csv")
    )
    """The file ratings.csv."""
    to_read: RemoteFileConfig = field(
        default_factory=lambda: RemoteFileConfig(url=f"{GOODBOOKS_URL}/to_read.csv")
    )
    """The file to_read.csv."""

    def __post_init__(self) -> None:
        check_fields(self, "dataset")
        unknown = sorted(set(self.signals) - {"rating_pos", "to_read"})
        if unknown:
            raise ConfigError(
                f"dataset.signals knows rating_pos and to_read, got {', '.join(unknown)}"
            )
