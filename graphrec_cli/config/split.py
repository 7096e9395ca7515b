"""Splits: which interactions are held out."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_between, check_name
from graphrec_cli.errors import ConfigError


@dataclass(kw_only=True, slots=True)
class SplitConfig:
    """What all splits share."""

    name: str = MISSING


@dataclass(kw_only=True, slots=True)
class LeaveOneOutConfig(SplitConfig):
    """One random test item and one random valid item of every user."""

    name: str = "leave_one_out"
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
