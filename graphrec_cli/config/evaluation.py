"""Evaluation: how held-out items are ranked and what is counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_distinct, check_finite, check_name


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
    """What all evaluations share; the metrics are a ranking's unless a subclass names its own."""

    name: str = MISSING
    ks: list[int] = field(default_factory=lambda: [10, 20, 50])
    """Cut-offs of the metrics; the cut-off of trainer.monitor is added."""

    def metrics_at_k(self) -> tuple[str, ...]:
        """Names of the metrics that have a cut-off."""
        return ("hit", "recall", "precision", "ndcg", "map")

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics without one."""
        return ("mrr",)

    def default_monitor(self) -> str:
        """The metric that selects where ``trainer.monitor`` is null."""
        return "ndcg@10"

    def lower_is_better(self, metric: str) -> bool:
        """Whether a smaller value of ``metric`` is the better one."""
        return False

    def predicts_ratings(self) -> bool:
        """Whether only a model that predicts ratings can be judged so."""
        return False

    def check_ks(self) -> None:
        """Refuse cut-offs that cannot be."""
        check_distinct("evaluation.ks", self.ks)
        for k in self.ks:
            check_at_least("evaluation.ks", k, 1)


@dataclass(kw_only=True, slots=True)
class RankingConfig(EvaluationConfig):
    """Full-catalog ranking of every held-out item."""

    name: str = "ranking"
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
        self.check_ks()
        check_at_least("evaluation.chunk_users", self.chunk_users, 1)


@dataclass(kw_only=True, slots=True)
class RatingConfig(EvaluationConfig):
    """Predicted ratings against the true ones."""

    name: str = "rating"
    threshold: float = 3.5
    """Ratings of at least this value are relevant, and predictions of at least it recommended."""
    bias_regularization: float = 2.0
    """Weight of the squared biases in the baseline of user and item biases."""

    def __post_init__(self) -> None:
        check_name("evaluation", self.name, "rating")
        self.check_ks()
        check_finite("evaluation.threshold", self.threshold)
        check_at_least("evaluation.bias_regularization", self.bias_regularization, 0)

    def predicts_ratings(self) -> bool:
        """Only a model that predicts ratings can be judged so."""
        return True

    def metrics_at_k(self) -> tuple[str, ...]:
        """Names of the metrics that have a cut-off."""
        return ("precision", "recall")

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics without one."""
        return ("rmse", "mae")

    def default_monitor(self) -> str:
        """The metric that selects where ``trainer.monitor`` is null."""
        return "rmse"

    def lower_is_better(self, metric: str) -> bool:
        """Whether a smaller value of ``metric`` is the better one."""
        return metric in self.metrics()
