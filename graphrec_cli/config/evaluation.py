"""Evaluation: how held-out items are ranked and which metrics are computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import AtLeast, Distinct, Each, Finite, check_fields
from graphrec_cli.errors import ConfigError


class Ties(Enum):
    """The rank of a held-out item among items of equal score."""

    random = "random"
    pessimistic = "pessimistic"
    optimistic = "optimistic"


class ColdItems(Enum):
    """How held-out items without a train interaction are counted."""

    exclude = "exclude"
    miss = "miss"


class MapDenominator(Enum):
    """The divisor of map@k."""

    min = "min"
    held_out = "held_out"


class Floor(Enum):
    """What a trained model is compared with on valid."""

    auto = "auto"


@dataclass(kw_only=True, slots=True)
class EvaluationConfig:
    """What all evaluations share. The metrics are those of a ranking unless a subclass differs."""

    name: str = MISSING
    """Name of the component; the option sets it."""
    ks: Annotated[list[int], Distinct(), Each(AtLeast(1))] = field(
        default_factory=lambda: [10, 20, 50]
    )
    """Cut-offs k of the metrics. The cut-off of trainer.monitor is added."""

    def __post_init__(self) -> None:
        check_fields(self, "evaluation")

    def metrics_at_k(self) -> tuple[str, ...]:
        """Names of the metrics that have a cut-off."""
        return ("hit", "recall", "precision", "ndcg", "map")

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics without one."""
        return ("mrr",)

    def default_monitor(self) -> str:
        """The metric for selection if ``trainer.monitor`` is null."""
        return "ndcg@10"

    def lower_is_better(self, metric: str) -> bool:
        """Whether a smaller value of ``metric`` is the better one."""
        return False

    def predicts_ratings(self) -> bool:
        """Whether the evaluation needs a model that predicts ratings."""
        return False

    def cutoff(self, key: str, name: str) -> int | None:
        """The cut-off of a metric, None for a metric without one.

        Args:
            key: where the metric is named, for the message.
            name: such as ``ndcg@10``.

        Raises:
            ConfigError: the evaluation does not compute the metric.
        """
        metric, _, k = name.partition("@")
        if name in self.metrics():
            return None
        with_k = self.metrics_at_k()
        if metric in with_k and k.isascii() and k.isdigit() and not k.startswith("0"):
            return int(k)
        known = ", ".join([*self.metrics(), *(f"{name}@k" for name in with_k)])
        raise ConfigError(f"{key} must be one of {known}, got '{name}'")


@dataclass(kw_only=True, slots=True)
class RankingConfig(EvaluationConfig):
    """Each held-out item is ranked against the whole catalog."""

    name: str = "ranking"
    mask_valid: bool = True
    """Mask the user's valid items at test. Its train items are always masked."""
    ties: Ties = Ties.random
    """Rank among equal scores. random: by a hash of seed, user and item. pessimistic: after all of
    them. optimistic: before all of them."""
    cold_items: ColdItems = ColdItems.exclude
    """Held-out items without a train interaction. exclude: leave them out and count them. miss:
    keep them as never found."""
    map_denominator: MapDenominator = MapDenominator.min
    """Divisor of map@k. min: the smaller of k and the number of held-out items. held_out: the
    number of held-out items."""
    chunk_users: Annotated[int | None, AtLeast(1)] = None
    """Users ranked at a time; null: as many as fit a memory bound. It changes no metric."""
    floor: Floor | None = Floor.auto
    """Closed forms to compare a trained model with on the valid part. auto: those of itemknn, ease
    and chebycf that are solved in seconds on this data; in a sweep, once for all runs with the same
    data and seed. null: none."""


@dataclass(kw_only=True, slots=True)
class RatingConfig(EvaluationConfig):
    """Predicted ratings are compared with the true ones."""

    name: str = "rating"
    threshold: Annotated[float, Finite()] = 3.5
    """Rating from which an item is relevant. Items predicted at least this high are recommended."""
    bias_regularization: Annotated[float, AtLeast(0)] = 2.0
    """L2 penalty of the bias baseline, which predicts mean + user bias + item bias."""

    def predicts_ratings(self) -> bool:
        """The evaluation needs a model that predicts ratings."""
        return True

    def metrics_at_k(self) -> tuple[str, ...]:
        """Names of the metrics that have a cut-off."""
        return ("precision", "recall")

    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics without one."""
        return ("rmse", "mae")

    def default_monitor(self) -> str:
        """The metric for selection if ``trainer.monitor`` is null."""
        return "rmse"

    def lower_is_better(self, metric: str) -> bool:
        """Whether a smaller value of ``metric`` is the better one."""
        return metric in self.metrics()
