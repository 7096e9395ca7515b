"""Data sets: where the interactions come from and which of them count as positives."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

from omegaconf import MISSING

from graphrec_cli.config.checks import (
    check_at_least,
    check_between,
    check_distinct,
    check_finite,
    check_folder,
    check_name,
    check_positive,
)
from graphrec_cli.errors import ConfigError


class KCoreMode(Enum):
    """How users and items with too few interactions are dropped."""

    fixpoint = "fixpoint"
    """Repeatedly, until every user and item that is left has its minimum."""
    one_pass = "one_pass"
    """Users once, then items once, counted on what is left; some users may keep fewer."""


@dataclass(kw_only=True, slots=True)
class KCoreConfig:
    """Users and items with fewer interactions are dropped."""

    mode: KCoreMode = KCoreMode.fixpoint
    """fixpoint drops repeatedly until none is left; one_pass drops users once, then items once."""
    min_user_interactions: int = 5
    """Fewest interactions that keep a user; 1 keeps all."""
    min_item_interactions: int = 5
    """Fewest interactions that keep an item; 1 keeps all."""

    def __post_init__(self) -> None:
        self.check("dataset.k_core")

    def check(self, key: str) -> None:
        """Refuse values out of range; ``key`` is the full key that the values lie under."""
        check_at_least(f"{key}.min_user_interactions", self.min_user_interactions, 1)
        check_at_least(f"{key}.min_item_interactions", self.min_item_interactions, 1)


@dataclass(kw_only=True, slots=True)
class PrefilterKCoreConfig(KCoreConfig):
    """A k-core that keeps everything unless it is told otherwise."""

    min_user_interactions: int = 1
    """Fewest interactions that keep a user; 1 keeps all."""
    min_item_interactions: int = 1
    """Fewest interactions that keep an item; 1 keeps all."""

    def __post_init__(self) -> None:
        self.check("dataset.prefilter.k_core")


@dataclass(kw_only=True, slots=True)
class PrefilterConfig:
    """A threshold and a k-core that come before the data set's own; by default, none."""

    rating_threshold: float | None = None
    """Rows rated below it are dropped first of all; null drops none."""
    k_core: PrefilterKCoreConfig = field(default_factory=PrefilterKCoreConfig)

    def __post_init__(self) -> None:
        check_finite("dataset.prefilter.rating_threshold", self.rating_threshold)


@dataclass(kw_only=True, slots=True)
class DatasetConfig:
    """What all data sets share."""

    name: str = MISSING
    prefilter: PrefilterConfig = field(default_factory=PrefilterConfig)
    k_core: KCoreConfig = field(default_factory=KCoreConfig)

    def positive_threshold(self) -> float | None:
        """The rating from which a row is a positive; None where every row is one."""
        return None


MAX_TRUE_SCORES = 250_000_000
"""Four bytes each."""


@dataclass(kw_only=True, slots=True)
class SyntheticConfig(DatasetConfig):
    """Interactions made in memory from a seed: latent groups and a long tail of popularity."""

    name: str = "synthetic"
    num_users: int = 2200
    """Users drawn before the k-core."""
    num_items: int = 1600
    """Items drawn before the k-core."""
    mean_interactions: float = 60.0
    """Mean number of interactions of a user, who has from 5 to half the catalog, long-tailed."""
    num_groups: int = 20
    """Latent groups of taste that users and items belong to."""
    popularity_exponent: float = 0.8
    """Zipf exponent of the items' popularity; 0 makes all items equally popular."""
    group_strength: float = 4.0
    """How much a shared group raises the log-odds of an interaction; 0 leaves popularity alone."""

    def __post_init__(self) -> None:
        check_name("dataset", self.name, "synthetic")
        check_at_least("dataset.num_users", self.num_users, 10)
        check_at_least("dataset.num_items", self.num_items, 10)
        check_between("dataset.mean_interactions", self.mean_interactions, 5, self.num_items / 2)
        if self.num_users * self.num_items > MAX_TRUE_SCORES:
            raise ConfigError(
                f"dataset.num_users times dataset.num_items must be at most {MAX_TRUE_SCORES} (a "
                f"true score is kept of every pair), got {self.num_users * self.num_items}"
            )
        check_between("dataset.num_groups", self.num_groups, 1, self.num_items)
        check_between("dataset.popularity_exponent", self.popularity_exponent, 0, 3)
        check_between("dataset.group_strength", self.group_strength, 0, 20)


@dataclass(kw_only=True, slots=True)
class RemoteFileConfig:
    """One file of a data set at its public address."""

    url: str = MISSING
    """Where the file is downloaded from when it is absent."""
    sha256: str | None = None
    """Expected digest in hexadecimal; null skips the check."""
    size: int | None = None
    """Expected size in bytes; null skips the check."""

    def check(self, key: str) -> None:
        """Refuse values out of range; ``key`` is the full key that the values lie under."""
        digest = self.sha256
        if digest is not None and (len(digest) != 64 or set(digest) - set("0123456789abcdef")):
            raise ConfigError(
                f"{key}.sha256 must be 64 lower-case hexadecimal digits, got '{digest}'"
            )
        check_positive(f"{key}.size", self.size)
        if "@" in urlsplit(self.url).netloc:
            raise ConfigError(
                f"{key}.url must not hold a user or password, which the run directory would keep; "
                "fetch the file by hand instead"
            )

    def check_zip(self, key: str) -> None:
        """The same, and that the address is that of a zip."""
        self.check(key)
        if self.url != MISSING and not urlsplit(self.url).path.endswith(".zip"):
            raise ConfigError(f"{key}.url must be the address of a .zip, got '{self.url}'")


@dataclass(kw_only=True, slots=True)
class GoodBooksConfig(DatasetConfig):
    """GoodBooks-10k: ratings.csv and to_read.csv, either edition."""

    name: str = "goodbooks"
    folder: str = "goodbooks-10k"
    """Folder under data_dir that holds the files."""
    rating_threshold: float = 4.0
    """Ratings of at least this value are positives."""
    signals: list[str] = field(default_factory=lambda: ["rating_pos", "to_read"])
    """Which signals count, in order of precedence: a pair in both keeps the first."""
    download: bool = True
    """Fetch a missing file from its public address."""
    ratings: RemoteFileConfig = field(default_factory=RemoteFileConfig)
    to_read: RemoteFileConfig = field(default_factory=RemoteFileConfig)

    def positive_threshold(self) -> float | None:
        """Ratings below it are dropped."""
        return self.rating_threshold

    def __post_init__(self) -> None:
        check_name("dataset", self.name, "goodbooks")
        check_folder("dataset.folder", self.folder)
        check_between("dataset.rating_threshold", self.rating_threshold, 1, 5)
        check_distinct("dataset.signals", self.signals)
        unknown = sorted(set(self.signals) - {"rating_pos", "to_read"})
        if unknown:
            raise ConfigError(
                f"dataset.signals knows rating_pos and to_read, got {', '.join(unknown)}"
            )
        self.ratings.check("dataset.ratings")
        self.to_read.check("dataset.to_read")
