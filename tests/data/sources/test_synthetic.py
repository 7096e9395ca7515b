"""The synthetic data set: its size and distribution, and that its structure can be learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec_cli.config.dataset import SyntheticConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.preprocess import preprocess
from graphrec_cli.data.source import FoundFiles, SourceData
from graphrec_cli.data.sources.synthetic import SYNTHETIC, load_synthetic

NOWHERE = Path("no/such/folder")
SMALL = SyntheticConfig(num_users=60, num_items=40, mean_interactions=8.0, num_groups=3)


def load_small(seed: int) -> SourceData:
    return SYNTHETIC.read(SMALL, data_dir=NOWHERE, seed=seed)


@pytest.fixture(scope="module")
def default() -> SourceData:
    return SYNTHETIC.read(SyntheticConfig(), data_dir=NOWHERE, seed=0)


def test_the_default_keeps_its_size_through_the_five_core(default: SourceData) -> None:
    interactions = preprocess(
        default.table,
        rating_threshold=None,
        k_core=SyntheticConfig().k_core,
        funnel=Funnel(len(default.table)),
    )
    assert len(interactions) >= 100_000
    assert len(interactions.users) >= 2_000
    assert len(interactions.items) >= 1_500


def test_rows_are_complete_and_plausible(default: SourceData) -> None:
    table = default.table
    assert default.funnel.rows_left == len(table)
    assert (default.titles, default.files) == (None, ())
    assert table.signal_names == ("interaction",)
    assert not table.signal.any()
    assert np.isnan(table.rating).all()
    pairs = np.stack([table.user_id, table.item_id]).astype(np.int64)
    assert len(np.unique(pairs, axis=1).T) == len(table)
    assert table.timestamp is not None
    order = np.lexsort((table.timestamp, pairs[0]))
    np.testing.assert_array_equal(order, np.arange(len(table)))
    assert 360 < np.ptp(table.timestamp) / (86_400 * 10**9) < 2 * 365


def test_activity_is_long_tailed_about_the_asked_mean(default: SourceData) -> None:
    counts = np.unique(default.table.user_id, return_counts=True)[1]
    assert len(counts) == 2_200
    assert counts.min() >= 5
    assert counts.max() <= 800
    assert counts.mean() == pytest.approx(60, rel=0.06)
    assert np.median(counts) < 0.85 * counts.mean()


def test_popularity_is_long_tailed(default: SourceData) -> None:
    counts = np.sort(np.unique(default.table.item_id, return_counts=True)[1])[::-1]
    assert counts[: len(counts) // 10].sum() > 0.3 * counts.sum()


def test_one_seed_one_table() -> None:
    first, again, other = load_small(1), load_small(1), load_small(2)
    assert first.preferences is not None
    assert again.preferences is not None
    for name in ("user_id", "item_id", "timestamp"):
        np.testing.assert_array_equal(getattr(first.table, name), getattr(again.table, name))
    np.testing.assert_array_equal(first.preferences.scores, again.preferences.scores)
    assert first.table.timestamp is not None
    assert other.table.timestamp is not None
    assert not np.array_equal(first.table.timestamp, other.table.timestamp)
    assert not np.array_equal(first.table.item_id, other.table.item_id)


def test_chunks_of_users_change_nothing() -> None:
    cells = 7 * SMALL.num_items
    in_chunks = load_synthetic(SMALL, FoundFiles.of({}), seed=3, chunk_cells=cells)
    np.testing.assert_array_equal(in_chunks.table.item_id, load_small(3).table.item_id)


def test_the_smallest_and_flattest_settings_work() -> None:
    config = SyntheticConfig(
        num_users=10,
        num_items=10,
        mean_interactions=5.0,
        num_groups=1,
        popularity_exponent=0.0,
        group_strength=0.0,
    )
    source = SYNTHETIC.read(config, data_dir=NOWHERE, seed=0)
    assert len(source.table) == 50
    assert source.preferences is not None
    assert not source.preferences.scores.any()


def test_first_items_follow_the_true_scores() -> None:
    """With equal tastes, items are drawn without replacement in proportion to exp(score)."""
    config = SyntheticConfig(
        num_users=20_000, num_items=10, mean_interactions=5.0, num_groups=1, popularity_exponent=1.5
    )
    source = SYNTHETIC.read(config, data_dir=NOWHERE, seed=0)
    assert source.preferences is not None
    weights = np.exp(source.preferences.scores[0].astype(np.float64))
    item_id = np.asarray(source.table.item_id, dtype=np.int64)
    shares = np.bincount(item_id - 1, minlength=10) / config.num_users
    expected = inclusion_probabilities(weights / weights.sum(), size=5)
    np.testing.assert_allclose(shares, expected, atol=5 * np.sqrt(0.25 / config.num_users))


def inclusion_probabilities(weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """P(item among the first ``size`` draws without replacement), summed over all drawn sets."""
    masks = np.arange(2 ** len(weights))
    members = (masks[:, None] >> np.arange(len(weights)) & 1).astype(bool)
    reached = np.zeros(len(masks))
    reached[0] = 1.0
    for mask in masks:
        rest = ~members[mask]
        if rest.any() and members[mask].sum() < size:
            steps = reached[mask] * weights[rest] / weights[rest].sum()
            np.add.at(reached, mask | (1 << np.flatnonzero(rest)), steps)
    of_size = members.sum(axis=1) == size
    chances: NDArray[np.float64] = reached[of_size] @ members[of_size]
    return chances


def ndcg_at_10(scores: NDArray[np.float64], held_out: NDArray[np.int64]) -> float:
    target = np.take_along_axis(scores, held_out[:, None], axis=1)
    ranks = (scores > target).sum(axis=1)
    return float(np.where(ranks < 10, 1 / np.log2(ranks + 2), 0).mean())


def test_the_true_scores_beat_popularity_at_least_twice(default: SourceData) -> None:
    assert default.preferences is not None
    user = np.asarray(default.table.user_id, dtype=np.int64) - 1
    item = np.asarray(default.table.item_id, dtype=np.int64) - 1
    order = np.random.default_rng(0).permutation(len(user))
    held_out = np.empty(user.max() + 1, dtype=np.int64)
    held_out[user[order]] = item[order]
    train = item != held_out[user]
    seen = np.zeros(default.preferences.scores.shape, dtype=bool)
    seen[user[train], item[train]] = True
    popularity = np.bincount(item[train], minlength=1_600).astype(np.float64)
    oracle = ndcg_at_10(np.where(seen, -np.inf, default.preferences.scores), held_out)
    popular = ndcg_at_10(np.where(seen, -np.inf, popularity), held_out)
    assert oracle > 2 * popular > 0.02
