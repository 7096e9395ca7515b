from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, MapDenominator, RankingConfig, Ties
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError, NonFiniteError
from graphrec_cli.evaluation.protocol import EvaluationSettings, PartResult, valid_users
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.models.base import Model
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.models.oracle import Oracle

NOWHERE, TRAIN, VALID, TEST = range(4)


def split_of(parts: NDArray[np.int64], *, valid: bool = True) -> Split:
    def part(which: int) -> UserItems:
        users, items = np.nonzero(parts == which)
        return UserItems.from_pairs(
            users, items, num_users=parts.shape[0], num_items=parts.shape[1]
        )

    users, items = (IdMap(np.arange(size)) for size in parts.shape)
    return Split(
        train=part(TRAIN),
        valid=part(VALID) if valid else None,
        test=part(TEST),
        users=users,
        items=items,
    )


def evaluation_of(
    config: RankingConfig | None = None, *, seed: int = 0, number: int | None = None
) -> RankingEvaluation:
    settings = EvaluationSettings(ks=[1, 2], seed=seed, valid_users=number, device=CPU)
    return RankingEvaluation(config or RankingConfig(), settings)


def evaluate(
    model: Model, split: Split, part: str, evaluation: RankingEvaluation | None = None
) -> PartResult:
    return (evaluation or evaluation_of()).evaluate(model, split, part)


# User 0 has item 0 in train, 1 in valid and 2 in test; user 1 makes every item known.
PARTS = np.array([[TRAIN, VALID, TEST, NOWHERE, NOWHERE], [TRAIN] * 5])
SCORES = np.array([[5, 4, 3, 2, 1], [0, 0, 0, 0, 0]], dtype=np.float32)


@pytest.mark.parametrize(
    ("part", "mask_valid", "rank"),
    # Train is always masked; the valid item 1 ranks before the test item 2 unless it is masked.
    [("test", True, 0), ("test", False, 1), ("valid", True, 0), ("valid", False, 0)],
)
def test_masks_by_hand(part: str, mask_valid: bool, rank: int) -> None:
    evaluation = evaluation_of(RankingConfig(mask_valid=mask_valid))
    result = evaluate(Oracle(SCORES, CPU), split_of(PARTS), part, evaluation)
    assert result.arrays["rank"].tolist() == [rank]
    assert result.metrics["hit@1"] == (rank == 0)
    assert result.metrics["hit@2"] == 1
    assert result.metrics["mrr"] == 1 / (1 + rank)
    assert result.counts["users_evaluated"] == 1


def test_test_items_are_not_masked_in_validation() -> None:
    scores = SCORES[:, [0, 2, 1, 3, 4]].copy()
    result = evaluate(Oracle(scores, CPU), split_of(PARTS), "valid")
    assert result.arrays["rank"].tolist() == [1]


def test_without_a_valid_part_test_still_works() -> None:
    split = split_of(PARTS, valid=False)
    assert evaluate(Oracle(SCORES, CPU), split, "test").arrays["rank"].tolist() == [1]
    with pytest.raises(DataError, match="no validation part; train with one"):
        evaluate(Oracle(SCORES, CPU), split, "valid")


def test_the_config_reaches_the_ranking() -> None:
    parts = np.array([[TRAIN, TEST, NOWHERE, NOWHERE, TEST], [TRAIN, TRAIN, TRAIN, TRAIN, NOWHERE]])
    model, split = Oracle(np.zeros((2, 5), dtype=np.float32), CPU), split_of(parts)

    def ranks(ties: Ties, cold_items: ColdItems = ColdItems.exclude) -> list[int]:
        evaluation = evaluation_of(RankingConfig(ties=ties, cold_items=cold_items))
        return list(evaluate(model, split, "test", evaluation).arrays["rank"])

    assert ranks(Ties.optimistic) == [0]
    assert ranks(Ties.pessimistic) == [2]
    assert len(ranks(Ties.optimistic, ColdItems.miss)) == 2

    scores = np.array([[0, 2, 9, 9, 1]] * 2, dtype=np.float32)
    everything = np.array([[TRAIN, TEST, NOWHERE, NOWHERE, TEST], [TRAIN] * 5])
    for denominator, expected in ((MapDenominator.min, 1.0), (MapDenominator.held_out, 0.5)):
        evaluation = evaluation_of(RankingConfig(map_denominator=denominator))
        ahead = evaluate(Oracle(-scores, CPU), split_of(everything), "test", evaluation)
        assert ahead.metrics["map@1"] == expected


def test_ties_depend_on_the_seed_alone() -> None:
    rng = np.random.default_rng(0)
    parts = rng.choice([NOWHERE, TRAIN, VALID, TEST], size=(60, 40), p=[0.5, 0.4, 0.05, 0.05])
    model, split = Oracle(np.zeros((60, 40), dtype=np.float32), CPU), split_of(parts)
    first, again, chunked, other = (
        evaluate(model, split, "test", evaluation).arrays["rank"]
        for evaluation in (
            evaluation_of(),
            evaluation_of(),
            evaluation_of(RankingConfig(chunk_users=7)),
            evaluation_of(seed=1),
        )
    )
    assert np.array_equal(first, again)
    assert np.array_equal(first, chunked)
    assert not np.array_equal(first, other)


def test_validation_samples_users_with_valid_items_by_the_seed() -> None:
    rng = np.random.default_rng(0)
    parts = rng.choice([NOWHERE, TRAIN, VALID, TEST], size=(200, 30), p=[0.5, 0.4, 0.04, 0.06])
    split = split_of(parts)
    assert split.valid is not None
    with_valid = np.flatnonzero((parts == VALID).any(1))
    assert 60 < len(with_valid) < 200

    def drawn(seed: int) -> NDArray[np.integer]:
        assert split.valid is not None
        users = valid_users(evaluation_of(number=50, seed=seed).settings, split.valid)
        assert users is not None
        return users

    chosen, again, other = drawn(0), drawn(0), drawn(1)
    assert len(np.unique(chosen)) == 50
    assert np.isin(chosen, with_valid).all()
    assert (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, again)
    assert not np.array_equal(chosen, other)
    for number in (None, len(with_valid), 1000):
        assert valid_users(evaluation_of(number=number).settings, split.valid) is None
        everyone = evaluate(
            Oracle(np.ones(parts.shape, np.float32), CPU),
            split,
            "valid",
            evaluation_of(number=number),
        )
        assert np.isin(everyone.arrays["user_index"], with_valid).all()
        assert everyone.counts["users_evaluated"] == len(np.unique(everyone.arrays["user_index"]))

    model = Oracle(rng.normal(size=parts.shape).astype(np.float32), CPU)
    result = evaluate(model, split, "valid", evaluation_of(number=50))
    assert np.array_equal(np.unique(result.arrays["user_index"]), chosen)
    assert result.counts["users_evaluated"] == 50
    full = evaluate(model, split, "valid").arrays
    kept = np.isin(full["user_index"], chosen)
    assert np.array_equal(result.arrays["rank"], full["rank"][kept])
    # Test is evaluated on all users, even if validation samples some.
    test = evaluate(model, split, "test", evaluation_of(number=50))
    assert test.counts["users_evaluated"] == np.count_nonzero((parts == TEST).any(1))


def test_the_current_weights_are_evaluated() -> None:
    rng = np.random.default_rng(0)
    parts = rng.choice([NOWHERE, TRAIN, VALID, TEST], size=(30, 20), p=[0.5, 0.3, 0.1, 0.1])
    split = split_of(parts)
    model = LightGCN(
        LightGCNConfig(embedding_dim=8),
        split.train,
        generator=torch.Generator().manual_seed(0),
        device=CPU,
    )
    before = evaluate(model, split, "test").arrays["rank"]
    with torch.no_grad():
        model.layer0_embeddings[30:].neg_()
    after = evaluate(model, split, "test").arrays["rank"]
    assert not np.array_equal(before, after)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_scores_end_the_run(value: float) -> None:
    scores = SCORES.copy()
    scores[0, 4] = value
    with pytest.raises(NonFiniteError):
        evaluate(Oracle(scores, CPU), split_of(PARTS), "test")


def test_every_metric_is_defined() -> None:
    model, split, evaluation = Oracle(SCORES, CPU), split_of(PARTS), evaluation_of()
    result = evaluation.evaluate(model, split, "test")
    genres = ItemAttributes.from_cells(np.array(["a"] * split.train.num_items))
    beyond = evaluation.beyond_accuracy(model, split, "test", result, genres)
    found = {name.split("@")[0] for name in (*result.metrics, *beyond.lists)}
    assert found == {name.split("@")[0] for name in evaluation.definitions()} - {
        *("rank", "ties", "cold_items", "mean", "top_k", "by_activity"),
    }


def test_the_definitions_follow_the_config() -> None:
    usual = evaluation_of().definitions()
    unusual = evaluation_of(
        RankingConfig(
            mask_valid=False,
            ties=Ties.pessimistic,
            cold_items=ColdItems.miss,
            map_denominator=MapDenominator.held_out,
        )
    ).definitions()
    assert {name for name in usual if usual[name] != unusual[name]} == {
        "rank",
        "ties",
        "cold_items",
        "map@k",
    }
    assert "valid" in usual["rank"]
    assert "valid" not in unusual["rank"]
    assert "min(" in usual["map@k"]
    assert unusual["ties"].startswith("pessimistic")


def test_a_cut_off_beyond_the_catalog_is_refused() -> None:
    split = split_of(np.array([[TRAIN, TRAIN, TEST], [TEST, TRAIN, NOWHERE]]))
    settings = EvaluationSettings(ks=[1, 2], seed=0, valid_users=None, device=CPU)
    RankingEvaluation(RankingConfig(), settings).check(split.train)
    settings = EvaluationSettings(ks=[1, 2, 50], seed=0, valid_users=None, device=CPU)
    with pytest.raises(
        DataError,
        match=r"cut-off 50, but only 2 .*\.ks=\[1,2\] and, in train, trainer\.monitor=ndcg@1$",
    ) as caught:
        RankingEvaluation(RankingConfig(), settings).check(split.train)
    assert caught.value.exit_code == 3


@pytest.mark.slow
@pytest.mark.parametrize("mask_valid", [True, False])
@pytest.mark.parametrize("cold_items", list(ColdItems))
@given(data=st.data())
def test_users_with_few_candidates_by_brute_force(
    mask_valid: bool, cold_items: ColdItems, data: st.DataObject
) -> None:
    shape = (data.draw(st.integers(2, 6)), data.draw(st.integers(2, 6)))
    cells = st.lists(st.sampled_from(range(4)), min_size=shape[0] * shape[1], max_size=36)
    parts = np.array(data.draw(cells)[: shape[0] * shape[1]]).reshape(shape)
    catalog = {item for user, item in np.argwhere(parts == TRAIN)}
    few = {1: 0, 2: 0}
    ranked = set()
    for user, row in enumerate(parts):
        out = {TRAIN, VALID} if mask_valid else {TRAIN}
        candidates = [item for item in catalog if row[item] not in out]
        if TRAIN in row and any(row[item] == TEST for item in catalog):
            ranked.add(user)
            few = {k: number + (len(candidates) <= k) for k, number in few.items()}
    assume(ranked)
    evaluation = evaluation_of(RankingConfig(mask_valid=mask_valid, cold_items=cold_items))
    # These users are hit by scores and by the opposite of the scores.
    scores = np.tile(np.arange(shape[1], dtype=np.float32), (shape[0], 1))
    for table in (scores, -scores):
        result = evaluate(Oracle(table, CPU), split_of(parts), "test", evaluation)
        assert {k: result.counts[f"few_candidates@{k}"] for k in (1, 2)} == few
        for k, number in few.items():
            assert result.metrics[f"hit@{k}"] * result.counts["users_evaluated"] >= number - 1e-9
