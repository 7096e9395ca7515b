"""Samplers: which (user, positive item, negative item) triples a training step sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_between, check_name


class PositivesBy(Enum):
    """How positive pairs are drawn."""

    user = "user"
    distinct_user = "distinct_user"
    interaction = "interaction"


@dataclass(kw_only=True, slots=True)
class SamplerConfig:
    """What all samplers share."""

    name: str = MISSING
    by: PositivesBy = PositivesBy.user
    """user: a user uniformly, then one of its items; distinct_user: the same, no user twice in a
    batch; interaction: every train pair in turn."""


@dataclass(kw_only=True, slots=True)
class UniformConfig(SamplerConfig):
    """Negatives uniform over the catalog items that the user has not in train."""

    name: str = "uniform"
    exclude_seen: bool = True
    """false: uniform over the whole catalog, the user's train items among them."""

    def __post_init__(self) -> None:
        check_name("sampler", self.name, "uniform")


@dataclass(kw_only=True, slots=True)
class HardNegativeConfig(SamplerConfig):
    """Negatives drawn more often from the most popular items."""

    name: str = "hardneg"
    popular_probability: float = 0.7
    """Share of draws made from the pool of popular items, before seen items are left out."""
    popular_pool: int | None = None
    """Size of the pool; null takes a fifth of the catalog, rounded up."""

    def __post_init__(self) -> None:
        check_name("sampler", self.name, "hardneg")
        check_between("sampler.popular_probability", self.popular_probability, 0, 1)
        check_at_least("sampler.popular_pool", self.popular_pool, 1)
