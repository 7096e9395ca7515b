"""One part of a split, ranked and measured: the same figures in training and afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, EvaluationConfig, MapDenominator
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.metrics import ranking_metrics
from graphrec_cli.evaluation.ranks import HeldOutRanks, rank_held_out
from graphrec_cli.models.base import Model
from graphrec_cli.seeds import derive_seed, numpy_generator


@runtime_checkable
class Parts(Protocol):
    """A split, fresh or read back from a run directory."""

    @property
    def train(self) -> UserItems:
        """Pairs that a model learned from."""

    @property
    def valid(self) -> UserItems | None:
        """Pairs that the best epoch is selected on."""

    @property
    def test(self) -> UserItems:
        """Pairs that the model is judged by."""


def definitions(config: EvaluationConfig) -> dict[str, str]:
    """What the metric keys mean under these values, as metrics.json repeats it."""
    by_min = config.map_denominator is MapDenominator.min
    masked = "train and, at test, valid items" if config.mask_valid else "train items"
    excluded = config.cold_items is ColdItems.exclude
    return {
        "rank": f"0-based place among the items with a train interaction; masked: {masked}",
        "ties": f"{config.ties.name} order among equal scores",
        "cold_items": "left out" if excluded else "kept as never found",
        "hit@k": "1 if any held-out item is in the first k",
        "recall@k": "held-out items in the first k / held-out items",
        "precision@k": "held-out items in the first k / k",
        "ndcg@k": "binary gains, the ideal list holds min(held-out, k) items",
        "map@k": "sum of the precision at each hit / "
        + ("min(held-out items, k)" if by_min else "held-out items"),
        "mrr": "1 / (1 + best rank)",
        "mean": "over the users with at least one held-out item that counts",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """Metrics of one part, what they were counted on, and the ranks behind them."""

    metrics: dict[str, float]
    counts: dict[str, int | float]
    ranks: HeldOutRanks


def evaluate_part(
    model: Model,
    config: RunConfig,
    *,
    split: Parts,
    part: str,
    device: torch.device,
) -> PartResult:
    """Rank and measure the part ``test``, or ``valid`` over the users that selection uses.

    Raises:
        DataError: the part does not exist or holds nothing that could be ranked.
        NonFiniteError: a score is NaN or infinite.
    """
    held_out = split.test if part == "test" else split.valid
    if held_out is None:
        raise DataError("this split has no valid part; train with one, or evaluate part=test")
    masked = [split.valid] if part == "test" and config.evaluation.mask_valid else []
    model.prepare_scoring()
    ranks = rank_held_out(
        model,
        held_out=held_out,
        train=split.train,
        masked=[pairs for pairs in masked if pairs is not None],
        users=valid_users(config, held_out) if part == "valid" else None,
        ties=config.evaluation.ties,
        cold_items=config.evaluation.cold_items,
        tie_seed=derive_seed(config.seed, "ties"),
        chunk_users=config.evaluation.chunk_users,
        device=device,
    )
    metrics = ranking_metrics(
        ranks.user_index,
        ranks.rank,
        ks=config.cutoffs(),
        map_denominator=config.evaluation.map_denominator,
    )
    return PartResult(metrics=metrics, counts=ranks.counts(), ranks=ranks)


def valid_users(config: RunConfig, valid: UserItems) -> NDArray[np.integer] | None:
    """The users that selection looks at, ``trainer.valid_users`` drawn from the seed; None: all."""
    users = np.flatnonzero(valid.user_degree)
    wanted = config.trainer.valid_users
    if wanted is None or wanted >= len(users):
        return None
    return np.sort(
        numpy_generator(config.seed, "valid_users").choice(users, size=wanted, replace=False)
    )
