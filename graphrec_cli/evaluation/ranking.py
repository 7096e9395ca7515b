"""One part of a split, ranked and measured: the same figures in training and afterwards."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, MapDenominator, RankingConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import rank_held_out
from graphrec_cli.evaluation.metrics import MISS, check_ks, ranking_metrics
from graphrec_cli.evaluation.protocol import (
    Evaluation,
    PartResult,
    Parts,
    held_out_part,
    valid_users,
)
from graphrec_cli.models.base import Model
from graphrec_cli.models.popularity import Popularity
from graphrec_cli.system.seeds import derive_seed


def definitions(config: RankingConfig) -> dict[str, str]:
    """What the metric keys mean under these values, as metrics.json repeats it."""
    by_min = config.map_denominator is MapDenominator.min
    left_out = "train and, at test, valid items" if config.mask_valid else "train items"
    excluded = config.cold_items is ColdItems.exclude
    return {
        "rank": f"0-based place among the items with a train interaction; masked: {left_out}",
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


def masked(config: RunConfig, split: Parts, part: str) -> list[UserItems]:
    """The parts whose pairs are left out of the ranking of ``part``, besides train."""
    options = config.evaluation
    assert isinstance(options, RankingConfig)
    valid_too = part == "test" and options.mask_valid
    return [split.valid] if valid_too and split.valid is not None else []


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
    options = config.evaluation
    assert isinstance(options, RankingConfig)
    held_out = held_out_part(split, part)
    model.prepare_scoring()
    ranks = rank_held_out(
        model,
        held_out=held_out,
        train=split.train,
        masked=masked(config, split, part),
        users=valid_users(config, held_out) if part == "valid" else None,
        ties=options.ties,
        cold_items=options.cold_items,
        tie_seed=derive_seed(config.seed, "ties"),
        chunk_users=options.chunk_users,
        device=device,
    )
    metrics = ranking_metrics(
        ranks.user_index,
        ranks.rank,
        ks=config.cutoffs(),
        map_denominator=options.map_denominator,
    )
    # The rank of an item never found lies beyond every cut-off; -1 reads better in a file.
    rank = np.where(ranks.rank == MISS, -1, ranks.rank)
    arrays: dict[str, NDArray[np.generic]] = {
        "user_index": ranks.user_index,
        "item_index": ranks.item_index,
        "rank": rank,
    }
    return PartResult(metrics=metrics, counts=ranks.counts(), arrays=arrays)


def check_cutoffs(config: RunConfig, train: UserItems) -> None:
    """Refuse a cut-off that no ranking of the catalog can reach.

    Raises:
        DataError: a k is larger than the number of items with a train interaction.
    """
    check_ks(config.cutoffs(), int(np.count_nonzero(train.item_degree)))


def baselines(config: RunConfig, train: UserItems, device: torch.device) -> dict[str, Model]:
    """The popularity baseline."""
    return {"popularity": Popularity(train, device)}


RANKING = Evaluation(
    check=check_cutoffs,
    evaluate_part=evaluate_part,
    baselines=baselines,
    floor="popularity",
    definitions=definitions,
    masked=masked,
)
"""Ranks of held-out items among the whole catalog."""
