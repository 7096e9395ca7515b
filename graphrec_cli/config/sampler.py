"""Samplers: which (user, positive item, negative item) triples a training step gets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import AtLeast, Between, check_fields
from graphrec_cli.errors import ConfigError
from graphrec_cli.terminal_text import counted


class PositivesBy(Enum):
    """How positive pairs are drawn."""

    user = "user"
    distinct_user = "distinct_user"
    interaction = "interaction"
    weight = "weight"


@dataclass(kw_only=True, slots=True)
class SamplerConfig:
    """What all samplers share."""

    name: str = MISSING
    """Name of the component; the option sets it."""
    by: PositivesBy = PositivesBy.user
    """How positives are drawn. user: a uniform user, then one of its items. distinct_user: the
    same, without a user twice in a batch. interaction: every train pair once an epoch, shuffled.
    weight: a train pair with probability proportional to its dataset.weight."""

    def __post_init__(self) -> None:
        check_fields(self, "sampler")

    def unused_keys(self) -> dict[str, str]:
        """Keys that the other values leave without effect, each with the reason."""
        return {}

    def check_catalog(self, num_items: int) -> None:
        """Refuse values that need more items than have a train interaction.

        Raises:
            ConfigError: naming the key, and what it may be.
        """


@dataclass(kw_only=True, slots=True)
class UniformConfig(SamplerConfig):
    """Negatives drawn uniformly from the items that the user has not in train."""

    name: str = "uniform"
    exclude_seen: bool = True
    """Never draw the user's train items as negatives. false draws from the whole catalog."""


@dataclass(kw_only=True, slots=True)
class HardNegativeConfig(SamplerConfig):
    """Negatives drawn more often from the most popular items."""

    name: str = "hardneg"
    popular_probability: Annotated[float, Between(0, 1)] = 0.7
    """Share of negatives drawn from the popular pool. The rest are drawn from the whole catalog.
    The user's train items are excluded from both."""
    popular_pool: Annotated[int | None, AtLeast(1)] = None
    """Items in the pool, most popular first; null: a fifth of the catalog, rounded up."""

    def unused_keys(self) -> dict[str, str]:
        """The pool's size, if no negative comes from the pool."""
        if self.popular_probability > 0:
            return {}
        return {"popular_pool": "sampler.popular_probability=0 draws nothing from the pool"}

    def check_catalog(self, num_items: int) -> None:
        """The pool is a part of the catalog."""
        if self.popular_pool is not None and self.popular_pool > num_items:
            raise ConfigError(
                f"sampler.popular_pool={self.popular_pool} is larger than the catalog of "
                f"{counted(num_items, 'item')} with a train interaction; set it to {num_items} or "
                "less, or to null for a fifth of the catalog"
            )
