"""The lists behind the figures beyond accuracy: whose they are, and what is masked."""

from __future__ import annotations

import numpy as np
import pytest
from builders import CPU
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, RankingConfig
from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation import beyond_accuracy
from graphrec_cli.evaluation.beyond_accuracy import BeyondAccuracy
from graphrec_cli.evaluation.list_figures import ListFigures
from graphrec_cli.evaluation.protocol import EvaluationSettings
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.models.oracle import Oracle

TRAIN, VALID, TEST = 1, 2, 3
KS = [1, 3]
SETS = [["a"], ["a", "b"], [], ["c"], ["b"], ["a", "c"], ["b", "c"]]


def split_of(parts: NDArray[np.int64]) -> Split:
    def part(which: int) -> UserItems:
        users, items = np.nonzero(parts == which)
        return UserItems.from_pairs(
            users, items, num_users=parts.shape[0], num_items=parts.shape[1]
        )

    users, items = (IdMap(np.arange(size)) for size in parts.shape)
    return Split(train=part(TRAIN), valid=part(VALID), test=part(TEST), users=users, items=items)


def look(
    scores: NDArray[np.float32],
    split: Split,
    part: str,
    config: RankingConfig,
    *,
    valid_users: int | None = None,
) -> BeyondAccuracy:
    run = EvaluationSettings(ks=KS, seed=0, valid_users=valid_users, device=CPU)
    evaluation = RankingEvaluation(config, run)
    model = Oracle(scores, CPU)
    result = evaluation.evaluate(model, split, part)
    genres = ItemAttributes.from_cells(np.array(["|".join(one) for one in SETS], dtype=object))
    found = evaluation.beyond_accuracy(model, split, part, result, genres)
    # The metrics of the thirds are those of the whole, weighted by their users.
    thirds = [found.by_activity[name] for name in found.by_activity if name != "gap"]
    users = sum(third["users"] for third in thirds)
    assert users == result.counts["users_evaluated"]
    for metric, value in result.metrics.items():
        weighted = sum(third["users"] * third[metric] for third in thirds) / users
        assert weighted == pytest.approx(value, abs=1e-12)
        values = [third[metric] for third in thirds]
        assert found.by_activity["gap"][metric] == max(values) - min(values)
    return found


def expected(
    scores: NDArray[np.float32], parts: NDArray[np.int64], held_out: int, masked: list[int]
) -> dict[str, float]:
    """Figures of lists that are made user by user."""
    degree = (parts == TRAIN).sum(axis=0)
    lists = []
    for user in range(len(parts)):
        counted = (parts[user] == held_out) & (degree > 0)
        if counted.any() and (parts[user] == TRAIN).any():
            items = [i for i in np.flatnonzero(degree) if parts[user, i] not in masked]
            lists.append(sorted(items, key=lambda i: (-scores[user, i], -degree[i], i))[: max(KS)])
    sizes = [len(one) for one in SETS]
    codes = ["abc".index(name) for one in SETS for name in one]
    figures = ListFigures(
        item_degree=degree,
        num_users=int((parts == TRAIN).any(axis=1).sum()),
        ks=KS,
        attributes=(np.cumsum([0, *sizes]), np.array(codes, dtype=np.int32)),
    )
    figures.add(np.array([len(one) for one in lists]), np.array([i for one in lists for i in one]))
    return figures.result()


@pytest.mark.parametrize("mask_valid", [True, False])
@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1))
def test_lists_are_those_of_the_users_that_count_without_masked_items(
    mask_valid: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    parts = rng.choice(4, size=(9, len(SETS)), p=[0.4, 0.3, 0.1, 0.2])
    parts[0, :5], parts[1, 5:] = TRAIN, (VALID, TEST)
    parts[2, 5:], parts[2, 0] = TRAIN, TEST
    parts[1, 0] = TRAIN
    # Few distinct scores, so that lists depend on how ties are broken.
    scores = rng.integers(0, 3, size=parts.shape).astype(np.float32)
    config = RankingConfig(mask_valid=mask_valid)
    found = look(scores, split_of(parts), "test", config)
    masked = [TRAIN, VALID] if mask_valid else [TRAIN]
    assert found.lists == pytest.approx(expected(scores, parts, TEST, masked), abs=1e-12)
    found = look(scores, split_of(parts), "valid", config)
    assert found.lists == pytest.approx(expected(scores, parts, VALID, [TRAIN]), abs=1e-12)


def test_blocks_of_users_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    parts = rng.choice(4, size=(40, len(SETS)), p=[0.4, 0.3, 0.1, 0.2])
    scores = rng.random(parts.shape).astype(np.float32)
    whole = look(scores, split_of(parts), "test", RankingConfig())
    monkeypatch.setattr(beyond_accuracy, "_BLOCK_ITEMS", 1)
    assert look(scores, split_of(parts), "test", RankingConfig()).lists == pytest.approx(
        whole.lists
    )


def test_valid_looks_at_the_users_that_are_sampled() -> None:
    parts = np.full((30, len(SETS)), TRAIN)
    parts[:, 6], parts[0, 6] = VALID, TRAIN
    found = look(
        np.zeros(parts.shape, dtype=np.float32),
        split_of(parts),
        "valid",
        RankingConfig(),
        valid_users=4,
    )
    assert found.by_activity["head"]["users"] == 4


def test_users_whose_items_are_all_cold_have_lists_where_they_count() -> None:
    parts = np.zeros((2, len(SETS)), dtype=np.int64)
    parts[0, :5], parts[1, 0], parts[1, 6] = TRAIN, TRAIN, TEST
    parts[0, 5], parts[1, 5] = TEST, TRAIN
    scores = np.arange(2 * len(SETS), dtype=np.float32).reshape(parts.shape)
    split = split_of(parts)
    alone = look(scores, split, "test", RankingConfig())
    both = look(scores, split, "test", RankingConfig(cold_items=ColdItems.miss))
    # The first user is left with item 5; the second has item 4, then 3 and 2.
    assert alone.lists["coverage@3"] == 1 / 6
    assert both.lists["coverage@3"] == 4 / 6
