"""Evaluate a model by the ranks of held-out items in the whole catalog."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, MapDenominator, RankingConfig
from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.beyond_accuracy import DEFINITIONS, BeyondAccuracy, list_figures
from graphrec_cli.evaluation.exact_ranks.ranks import (
    HeldOutPairs,
    HeldOutRanks,
    RankingRules,
    rank_held_out,
)
from graphrec_cli.evaluation.few_candidates import FEW_CANDIDATES
from graphrec_cli.evaluation.metrics import MISS, per_user_metrics, ranking_metrics
from graphrec_cli.evaluation.protocol import (
    Evaluation,
    EvaluationSettings,
    PartResult,
    held_out_part,
    valid_users,
)
from graphrec_cli.evaluation.user_activity import by_activity
from graphrec_cli.models.base import Model
from graphrec_cli.models.popularity import Popularity
from graphrec_cli.system.progress import progress
from graphrec_cli.system.seeds import derive_seed


class RankingEvaluation(Evaluation):
    """``evaluation=ranking``: the same metrics during training and afterwards."""

    floor = "popularity"

    def __init__(self, config: RankingConfig, settings: EvaluationSettings) -> None:
        self.config = config
        self.settings = settings

    def check(self, train: UserItems) -> None:
        """Refuse a cut-off that is larger than the catalog.

        Raises:
            DataError: a k is larger than the number of items with a train interaction.
        """
        catalog_size, largest = np.count_nonzero(train.item_degree), max(self.settings.ks)
        if largest > catalog_size:
            # The cut-off of trainer.monitor is one of settings.ks as well.
            smaller = [str(k) for k in self.settings.ks if k <= catalog_size] or ["1"]
            raise DataError(
                f"evaluation.ks or trainer.monitor has the cut-off {largest}, but only "
                f"{catalog_size} items have a train interaction; set cut-offs of at most "
                f"{catalog_size}, as in evaluation.ks=[{','.join(smaller)}] and, in train, "
                f"trainer.monitor=ndcg@{smaller[0]}"
            )

    def masked(self, split: Split, part: str) -> list[UserItems]:
        """The validation part if test is ranked, unless ``mask_valid`` is false."""
        valid_too = part == "test" and self.config.mask_valid
        return [split.valid] if valid_too and split.valid is not None else []

    def evaluate(self, model: Model, split: Split, part: str) -> PartResult:
        """Rank the held-out items of ``part`` and compute the metrics."""
        pairs = self.pairs(split, part)
        with progress(f"ranking {part}"):
            model.prepare_scoring()
            ranks = rank_held_out(model, pairs, self.rules(), title=f"ranking {part}")
        return self.result(ranks, part)

    def result(self, ranks: HeldOutRanks, part: str) -> PartResult:
        """Compute the metrics of a part from the ranks of its pairs.

        Raises:
            DataError: no pair is ranked.
        """
        if not len(ranks.rank):
            raise _nothing_ranked(part, ranks.counts)
        metrics = ranking_metrics(
            ranks.user_index,
            ranks.rank,
            ks=self.settings.ks,
            map_denominator=self.config.map_denominator,
        )
        # -1 is easier to read in a file than the huge rank of a miss.
        rank = np.where(ranks.rank == MISS, -1, ranks.rank)
        arrays: dict[str, NDArray[np.generic]] = {
            "user_index": ranks.user_index,
            "item_index": ranks.item_index,
            "rank": rank,
        }
        few_candidates = {
            f"{FEW_CANDIDATES}@{k}": int(np.count_nonzero(ranks.candidates <= k))
            for k in self.settings.ks
        }
        return PartResult(metrics=metrics, counts=ranks.counts | few_candidates, arrays=arrays)

    def beyond_accuracy(
        self,
        model: Model,
        split: Split,
        part: str,
        result: PartResult,
        attributes: ItemAttributes | None,
    ) -> BeyondAccuracy:
        """Make the lists of the users of ``part`` whom the metrics count."""
        rank = result.arrays["rank"].astype(np.int64)
        found, metrics = per_user_metrics(
            result.arrays["user_index"].astype(np.int64),
            np.where(rank < 0, MISS, rank),
            ks=self.settings.ks,
            map_denominator=self.config.map_denominator,
        )
        users = found.astype(np.int64)
        return BeyondAccuracy(
            lists=list_figures(
                model,
                users,
                train=split.train,
                masked=[split.train, *self.masked(split, part)],
                ks=self.settings.ks,
                attributes=attributes,
                chunk_users=self.config.chunk_users,
                device=self.settings.device,
                title=f"listing the top items of {part}",
            ),
            by_activity=by_activity(split.train.user_degree[users], metrics),
        )

    def pairs(self, split: Split, part: str) -> HeldOutPairs:
        """The pairs of a part that are ranked, and those that are masked.

        Raises:
            ConfigError: there is no test part.
            DataError: there is no valid part.
        """
        held_out = held_out_part(split, part)
        return HeldOutPairs(
            held_out=held_out,
            train=split.train,
            masked=self.masked(split, part),
            users=valid_users(self.settings, held_out) if part == "valid" else None,
        )

    def rules(self) -> RankingRules:
        """How the pairs are ranked."""
        return RankingRules(
            tie_seed=derive_seed(self.settings.seed, "ties"),
            ties=self.config.ties,
            cold_items=self.config.cold_items,
            chunk_users=self.config.chunk_users,
            device=self.settings.device,
        )

    def baselines(self, train: UserItems) -> dict[str, Model]:
        """The popularity baseline."""
        return {"popularity": Popularity(train, self.settings.device)}

    def definitions(self) -> dict[str, str]:
        """The meaning of each metric key under this config."""
        config = self.config
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
            **DEFINITIONS,
        }


def _nothing_ranked(part: str, counts: Mapping[str, float]) -> DataError:
    """The error for a part whose users or items have no train interaction."""
    new_users, cold_pairs = counts["users_without_train"], counts["cold_pairs"]
    advice = []
    if new_users:
        advice.append(
            f"{new_users:,} of its {counts['users_held_out']:,} users have no train interaction; "
            "choose a split that keeps pairs of each user in train, such as split=leave_one_out"
        )
    if cold_pairs:
        advice.append(
            f"the items of {cold_pairs:,} of its pairs have no train interaction; "
            "evaluation.cold_items=miss counts these pairs as never found"
        )
    why = "; ".join(advice) or "it has none; hold out more pairs (split)"
    return DataError(f"no pair of the {part} part can be ranked: {why}")
