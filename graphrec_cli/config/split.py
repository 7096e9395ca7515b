"""Splits: which interactions are held out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import (
    MAX_INTEGER,
    AtLeast,
    Below,
    Between,
    check_fields,
)
from graphrec_cli.config.iso_time import IsoTime, nanoseconds_of
from graphrec_cli.errors import ConfigError


class HeldOutBy(Enum):
    """Which of a user's items are held out."""

    random = "random"
    time = "time"
    rating = "rating"


class ShareBy(Enum):
    """Which of a user's items make up a share."""

    random = "random"
    time = "time"


class Scope(Enum):
    """Whether shares are of each user's pairs or of all pairs."""

    user = "user"
    all = "all"


@dataclass(kw_only=True, slots=True)
class SplitConfig:
    """What all splits share."""

    name: str = MISSING
    """Name of the component; the option sets it."""

    def __post_init__(self) -> None:
        check_fields(self, "split")

    def unused_keys(self) -> dict[str, str]:
        """Keys that the other values leave without effect, each with the reason."""
        return {}

    def needs_times(self) -> str | None:
        """The word for which pairs need timestamps, such as ``split.by=time``; None without one."""
        return None

    def without_test(self) -> str | None:
        """The word that leaves the test part out, such as ``split.test=0``; None without one."""
        keys = ("test", "test_ratio")
        return next((f"split.{key}=0" for key in keys if getattr(self, key, None) == 0), None)


@dataclass(kw_only=True, slots=True)
class DrawnSplitConfig(SplitConfig):
    """What splits that draw the held-out pairs at random share."""

    seed: Annotated[int | None, Between(0, MAX_INTEGER)] = None
    """Seed of the split alone; null: the run's seed. With a fixed one, runs of several seeds share
    their split."""


@dataclass(kw_only=True, slots=True)
class LeaveOneOutConfig(DrawnSplitConfig):
    """One test item and one valid item per user, or one of them, or none."""

    name: str = "leave_one_out"
    by: HeldOutBy = HeldOutBy.random
    """Which items are held out. random: any. time: the newest. rating: the highest rated; among
    equal ratings the last in the file."""
    valid: Annotated[int, Between(0, 1)] = 1
    """Valid items per user; 0: no valid part."""
    test: Annotated[int, Between(0, 1)] = 1
    """Test items per user; 0: no test part, for a model that is put to use."""
    min_interactions: Annotated[int, AtLeast(1)] = 3
    """Users with fewer interactions stay in train. At least the number of items held out."""

    def __post_init__(self) -> None:
        check_fields(self, "split")
        if self.min_interactions < self.valid + self.test:
            raise ConfigError(
                f"split.min_interactions must be at least {self.valid + self.test}: each user "
                f"gives {self.test} test and {self.valid} valid item, got {self.min_interactions}"
            )

    def unused_keys(self) -> dict[str, str]:
        """All keys if nothing is held out; the seed if the highest rated items are."""
        if not self.valid and not self.test:
            keys = ("by", "min_interactions", "seed")
            return dict.fromkeys(keys, "split.test=0 split.valid=0 holds nothing out")
        return {"seed": "split.by=rating draws nothing"} if self.by is HeldOutBy.rating else {}

    def needs_times(self) -> str | None:
        """``split.by=time`` if it holds anything out."""
        by_time = self.by is HeldOutBy.time and self.valid + self.test > 0
        return "split.by=time" if by_time else None


@dataclass(kw_only=True, slots=True)
class RatioConfig(DrawnSplitConfig):
    """Shares of each user's pairs, random or the newest, or random shares of all pairs."""

    name: str = "ratio"
    scope: Scope = Scope.user
    """Shares of each user's pairs (user) or of all pairs together (all)."""
    by: ShareBy = ShareBy.random
    """Which pairs are held out. random: any. time: each user's newest in test, the next newest in
    valid; it needs scope=user."""
    test_ratio: Annotated[float, AtLeast(0), Below(1)] = 0.1
    """Share of pairs in the test part; 0: no test part, for a model that is put to use. Sizes are
    rounded, halves to the even number."""
    valid_ratio: Annotated[float, AtLeast(0), Below(1)] = 0.1
    """Share of pairs in the valid part; 0: no valid part. Both shares must add up to less than
    1."""

    def __post_init__(self) -> None:
        check_fields(self, "split")
        _check_sum(self.test_ratio, self.valid_ratio)
        if self.by is ShareBy.time and self.scope is Scope.all:
            raise ConfigError(
                "split.by=time holds out the newest of each user, not with split.scope=all; set "
                "split.scope=user, or choose split=global_time for the newest of all users"
            )

    def unused_keys(self) -> dict[str, str]:
        """All keys if nothing is held out."""
        if self.test_ratio or self.valid_ratio:
            return {}
        why = "split.test_ratio=0 split.valid_ratio=0 holds nothing out"
        return dict.fromkeys(("scope", "by", "seed"), why)

    def needs_times(self) -> str | None:
        """``split.by=time`` if it holds anything out."""
        by_time = self.by is ShareBy.time and self.valid_ratio + self.test_ratio > 0
        return "split.by=time" if by_time else None


@dataclass(kw_only=True, slots=True)
class GlobalTimeConfig(SplitConfig):
    """The newest of all pairs are held out."""

    name: str = "global_time"
    test_ratio: Annotated[float, AtLeast(0), Below(1)] = 0.1
    """Share of pairs, the newest, in the test part; 0: no test part, for a model that is put to
    use. Pairs of equal time stay together."""
    valid_ratio: Annotated[float, AtLeast(0), Below(1)] = 0.1
    """Share of pairs, the next newest, in the valid part; 0: no valid part. Both shares must add up
    to less than 1."""
    test_from: Annotated[str | None, IsoTime()] = None
    """Time from which on pairs are in the test part, in place of split.test_ratio."""
    valid_from: Annotated[str | None, IsoTime()] = None
    """Time from which on pairs are in the valid part, if not in the test part, in place of
    split.valid_ratio."""

    def __post_init__(self) -> None:
        check_fields(self, "split")
        if self.test_from is None and self.valid_from is None:
            _check_sum(self.test_ratio, self.valid_ratio)
        if self.test_from is None or self.valid_from is None:
            return
        if nanoseconds_of(self.valid_from) >= nanoseconds_of(self.test_from):
            raise ConfigError(
                "split.valid_from must be earlier than split.test_from, got "
                f"'{self.valid_from}' and '{self.test_from}'"
            )

    def unused_keys(self) -> dict[str, str]:
        """A share whose part begins at a time."""
        return {
            f"{part}_ratio": f"split.{part}_from={start} sets the {part} part"
            for part, start in (("test", self.test_from), ("valid", self.valid_from))
            if start is not None
        }

    def needs_times(self) -> str | None:
        """The split itself."""
        return "split=global_time"

    def without_test(self) -> str | None:
        """``split.test_ratio=0`` if it leaves the test part out."""
        return None if self.test_from is not None else SplitConfig.without_test(self)


@dataclass(kw_only=True, slots=True)
class KFoldConfig(DrawnSplitConfig):
    """One of several folds of equal size is held out."""

    name: str = "k_fold"
    scope: Scope = Scope.user
    """Spread each user's pairs over the folds (user) or all pairs together (all)."""
    folds: Annotated[int, AtLeast(2)] = 5
    """Number of folds."""
    fold: Annotated[int, AtLeast(0)] = 0
    """Fold used as test part, counted from 0; below split.folds."""
    valid_ratio: Annotated[float, AtLeast(0), Below(1)] = 0.1
    """Share of the other folds' pairs in the valid part; 0: no valid part."""

    def __post_init__(self) -> None:
        check_fields(self, "split")
        Between(0, self.folds - 1).check("split.fold", self.fold)


@dataclass(kw_only=True, slots=True)
class PredefinedConfig(SplitConfig):
    """The split that the data set was published with."""

    name: str = "predefined"


def _check_sum(test_ratio: float, valid_ratio: float) -> None:
    if test_ratio + valid_ratio >= 1:
        raise ConfigError(
            "split.test_ratio and split.valid_ratio must add up to less than 1, "
            f"got {test_ratio} and {valid_ratio}"
        )
