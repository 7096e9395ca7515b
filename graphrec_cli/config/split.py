"""Splits: which interactions are held out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_between, check_name, check_positive
from graphrec_cli.errors import ConfigError


class HeldOutBy(Enum):
    """Which of a user's items are held out first."""

    random = "random"
    time = "time"
    rating = "rating"


class Scope(Enum):
    """Whose pairs a share is taken of."""

    user = "user"
    all = "all"


@dataclass(kw_only=True, slots=True)
class SplitConfig:
    """What all splits share."""

    name: str = MISSING


@dataclass(kw_only=True, slots=True)
class LeaveOneOutConfig(SplitConfig):
    """One test item and one valid item of every user."""

    name: str = "leave_one_out"
    by: HeldOutBy = HeldOutBy.random
    """random; time: the newest; rating: the highest rated, of equal ones the last in the file."""
    valid: int = 1
    """Valid items held out of each user: 1, or 0 to leave the validation part out."""
    min_interactions: int = 3
    """Users with fewer interactions stay wholly in train."""

    def __post_init__(self) -> None:
        check_name("split", self.name, "leave_one_out")
        check_between("split.valid", self.valid, 0, 1)
        check_at_least("split.min_interactions", self.min_interactions, 1)
        if self.min_interactions < self.valid + 1:
            raise ConfigError(
                f"split.min_interactions must be at least {self.valid + 1}: each user gives one "
                f"test item and {self.valid} valid item, got {self.min_interactions}"
            )


@dataclass(kw_only=True, slots=True)
class RatioConfig(SplitConfig):
    """Random shares of every user's pairs, or of all."""

    name: str = "ratio"
    scope: Scope = Scope.user
    """user: shares of every user's pairs; all: of all pairs, whoever's they are."""
    test_ratio: float = 0.1
    """Share held out for test; sizes are rounded, at a half to the even number."""
    valid_ratio: float = 0.1
    """Share held out for validation; 0 leaves the validation part out."""

    def __post_init__(self) -> None:
        check_name("split", self.name, "ratio")
        _check_ratios(self.test_ratio, self.valid_ratio)


@dataclass(kw_only=True, slots=True)
class GlobalTimeConfig(SplitConfig):
    """The newest pairs of all, whoever's they are."""

    name: str = "global_time"
    test_ratio: float = 0.1
    """Share of all pairs held out for test, the newest; pairs of one time are never parted."""
    valid_ratio: float = 0.1
    """Share held out for validation, the one before; 0 leaves the validation part out."""

    def __post_init__(self) -> None:
        check_name("split", self.name, "global_time")
        _check_ratios(self.test_ratio, self.valid_ratio)


@dataclass(kw_only=True, slots=True)
class KFoldConfig(SplitConfig):
    """One of several folds of equal size."""

    name: str = "k_fold"
    scope: Scope = Scope.user
    """user: every user's pairs are spread over the folds; all: all pairs are."""
    folds: int = 5
    """Folds that the pairs are dealt into."""
    fold: int = 0
    """The fold held out for test, from 0."""
    valid_ratio: float = 0.1
    """Share of the other folds held out for validation; 0 leaves the validation part out."""

    def __post_init__(self) -> None:
        check_name("split", self.name, "k_fold")
        check_at_least("split.folds", self.folds, 2)
        check_between("split.fold", self.fold, 0, self.folds - 1)
        check_at_least("split.valid_ratio", self.valid_ratio, 0)
        if self.valid_ratio >= 1:
            raise ConfigError(f"split.valid_ratio must lie below 1, got {self.valid_ratio}")


@dataclass(kw_only=True, slots=True)
class PredefinedConfig(SplitConfig):
    """The parts that the data set came with; without valid pairs there is no valid part."""

    name: str = "predefined"

    def __post_init__(self) -> None:
        check_name("split", self.name, "predefined")


def _check_ratios(test_ratio: float, valid_ratio: float) -> None:
    check_positive("split.test_ratio", test_ratio)
    check_at_least("split.valid_ratio", valid_ratio, 0)
    if test_ratio + valid_ratio >= 1:
        raise ConfigError(
            "split.test_ratio and split.valid_ratio must add up to less than 1, "
            f"got {test_ratio} and {valid_ratio}"
        )
