"""Evaluation: how held-out items are ranked and what is counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from graphrec_cli.config.checks import check_at_least, check_distinct, check_name


class Ties(Enum):
    """Where a held-out item stands among items of equal score."""

    random = "random"
    pessimistic = "pessimistic"
    optimistic = "optimistic"


class ColdItems(Enum):
    """What becomes of held-out items without a train interaction."""

    exclude = "exclude"
    miss = "miss"


class MapDenominator(Enum):
    """What map@k divides the sum of precisions by."""

    min = "min"
    held_out = "held_out"


@dataclass(kw_only=True, slots=True)
class EvaluationConfig:
    """Full-catalog ranking of every held-out item."""

    name: str = "ranking"
    ks: list[int] = field(default_factory=lambda: [10, 20, 50])
    """Cut-offs of the metrics; the cut-off of trainer.monitor is added."""
    mask_valid: bool = True
    """At test, leave the user's valid items out of the ranking as its train items are."""
    ties: Ties = Ties.random
    """Order among equal scores: hashed from (seed, user, item), or all before or behind."""
    cold_items: ColdItems = ColdItems.exclude
    """exclude: left out and counted; miss: kept as never found."""
    map_denominator: MapDenominator = MapDenominator.min
    """map@k divides by min(held-out, k), or by all held-out items."""
    chunk_users: int | None = None
    """Users ranked at a time; null bounds the memory of a chunk instead."""

    def __post_init__(self) -> None:
        check_name("evaluation", self.name, "ranking")
        check_distinct("evaluation.ks", self.ks)
        for k in self.ks:
            check_at_least("evaluation.ks", k, 1)
        check_at_least("evaluation.chunk_users", self.chunk_users, 1)
