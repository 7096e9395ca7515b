"""Ranking metrics of random splits, against ir-measures, which calls trec_eval.

Relevant documents of a query are the held-out items of a user, and the run is the user's whole
ranking. hit@k is Success@k, recall@k is R@k, precision@k is P@k, ndcg@k is nDCG@k and mrr is RR.
map@k with ``map_denominator=held_out`` is AP@k, which divides by all relevant documents; with
``min`` it is AP@k times held-out items / min(held-out items, k), which trec_eval does not have.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builders import CPU
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, MapDenominator, RankingConfig
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.protocol import EvaluationSettings
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.models.oracle import Oracle

pytestmark = pytest.mark.slow
ir_measures: Any = pytest.importorskip("ir_measures", reason="needs the extra checks")

TRAIN, VALID, TEST = 1, 2, 3
NAMES = {"Success": "hit", "R": "recall", "P": "precision", "nDCG": "ndcg", "AP": "map"}


def split_of(parts: NDArray[np.int64]) -> Split:
    def part(which: int) -> UserItems:
        users, items = np.nonzero(parts == which)
        return UserItems.from_pairs(
            users, items, num_users=parts.shape[0], num_items=parts.shape[1]
        )

    users, items = (IdMap(np.arange(size)) for size in parts.shape)
    return Split(train=part(TRAIN), valid=part(VALID), test=part(TEST), users=users, items=items)


def theirs(
    parts: NDArray[np.int64], scores: NDArray[np.float32], config: RankingConfig, ks: list[int]
) -> dict[str, float]:
    """Means over the users with a relevant item, of lists that are made here."""
    cold = ~(parts == TRAIN).any(axis=0)
    qrels: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for user in np.flatnonzero((parts == TRAIN).any(axis=1)):
        relevant = parts[user] == TEST
        if config.cold_items is ColdItems.exclude:
            relevant &= ~cold
        if relevant.any():
            listed = ~cold & (parts[user] != TRAIN) & (parts[user] != VALID)
            qrels[str(user)] = {str(item): 1 for item in np.flatnonzero(relevant)}
            # A query without a document would be left out.
            run[str(user)] = {str(i): float(scores[user, i]) for i in np.flatnonzero(listed)} or {
                "none": 0.0
            }
    kinds = [getattr(ir_measures, name) for name in NAMES]
    values: dict[str, list[float]] = {}
    wanted = [ir_measures.RR, *(kind @ k for kind in kinds for k in ks)]
    for metric in ir_measures.iter_calc(wanted, qrels, run):
        kind, _, cutoff = str(metric.measure).partition("@")
        value = metric.value
        if kind == "AP" and config.map_denominator is MapDenominator.min:
            held_out = len(qrels[metric.query_id])
            value *= held_out / min(held_out, int(cutoff))
        name = f"{NAMES[kind]}@{cutoff}" if cutoff else "mrr"
        values.setdefault(name, []).append(value)
    return {name: sum(of_users) / len(qrels) for name, of_users in values.items()}


@pytest.mark.parametrize("denominator", MapDenominator)
@pytest.mark.parametrize("cold_items", ColdItems)
def test_metrics_are_those_of_trec_eval(denominator: MapDenominator, cold_items: ColdItems) -> None:
    config = RankingConfig(map_denominator=denominator, cold_items=cold_items)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        shape = tuple(rng.integers(8, 60, size=2).tolist())
        shares = rng.dirichlet([6, 3, 1, 1 + seed % 4])
        parts = rng.choice(4, size=shape, p=shares)
        # One item is cold for certain, if anybody has it held out; one is not.
        parts[:, 0] = np.where(parts[:, 0] == TRAIN, TEST, parts[:, 0])
        parts[0, 1:6], parts[1, 6] = TRAIN, TEST
        parts[1, 5] = TRAIN
        parts[0, 6] = TRAIN
        # Whole numbers are exact in trec_eval's float, and distinct.
        scores = rng.permutation(shape[0] * shape[1]).reshape(shape).astype(np.float32)
        ks = sorted({1, 2, 5, int(rng.integers(1, 6))})
        settings = EvaluationSettings(ks=ks, seed=seed, valid_users=None, device=CPU)
        evaluation = RankingEvaluation(config, settings)
        ours = evaluation.evaluate(Oracle(scores, CPU), split_of(parts), "test").metrics
        assert ours == pytest.approx(theirs(parts, scores, config, ks), abs=1e-9, rel=0)
