"""Synthetic interactions: latent groups of taste, long-tailed popularity, known true scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import SyntheticConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.source import FoundFiles, Source, SourceData, TruePreferences
from graphrec_cli.system.seeds import numpy_generator

MIN_USER_ITEMS = 5
ACTIVITY_SIGMA = 0.8
"""Standard deviation of the logarithm of a user's interactions above the minimum."""
TASTE_CONCENTRATION = 0.1
"""Dirichlet parameter of a user's tastes; well below 1, so that few groups dominate."""
FIRST_SECOND = 1_577_836_800
"""The first of January 2020."""
SECONDS = 2 * 365 * 24 * 3600
NANOSECONDS = 10**9
"""In a second."""


def find_nothing(config: SyntheticConfig, *, data_dir: Path) -> dict[str, Path]:
    """No files: the interactions are generated in memory."""
    return {}


def load_synthetic(
    config: SyntheticConfig, files: FoundFiles, *, seed: int, chunk_cells: int = 2**22
) -> SourceData:
    """Sample interactions whose true scores are known.

    A user's score of an item is the item's log-popularity (Zipf) plus ``group_strength`` times the
    user's taste for the item's group, which is 1 for the favourite group. The items of a user are
    drawn one after another without replacement, each with a probability proportional to the
    exponential of its score, by the Gumbel-top-k trick (Kool, van Hoof and Welling, 2019).

    Args:
        config: sizes and strengths.
        files: not used: nothing is read.
        seed: the same seed gives the same table.
        chunk_cells: cells of the user-item table that are drawn at a time.

    Returns:
        Rows in the order of user and time, of the one signal ``interaction``, without ratings;
        and the true scores.
    """
    rng = numpy_generator(seed, "dataset")
    scores = _true_scores(config, rng)
    counts = _user_counts(config, rng)
    items = _draw_items(scores, counts, rng, chunk_cells)
    users = np.repeat(np.arange(config.num_users), counts)
    timestamps = FIRST_SECOND + rng.integers(SECONDS, size=len(items))
    order = np.lexsort((timestamps, users))
    user_id = np.arange(1, config.num_users + 1)
    item_id = np.arange(1, config.num_items + 1)
    table = RawTable(
        user_id=user_id[users[order]],
        item_id=item_id[items[order]],
        rating=np.full(len(items), np.nan, dtype=np.float32),
        timestamp=timestamps[order] * NANOSECONDS,
        signal=np.zeros(len(items), dtype=np.int8),
        signal_names=("interaction",),
    )
    return SourceData(
        table=table,
        funnel=Funnel(len(table)),
        preferences=TruePreferences(user_id, item_id, scores),
    )


SYNTHETIC = Source(find_nothing, load_synthetic)


def _true_scores(config: SyntheticConfig, rng: np.random.Generator) -> NDArray[np.float32]:
    popularity_rank = 1 + rng.permutation(config.num_items)
    log_popularity = -config.popularity_exponent * np.log(popularity_rank)
    item_group = rng.integers(config.num_groups, size=config.num_items)
    tastes = rng.dirichlet(np.full(config.num_groups, TASTE_CONCENTRATION), size=config.num_users)
    affinity = (tastes / tastes.max(axis=1, keepdims=True)).astype(np.float32)
    scores: NDArray[np.float32] = affinity[:, item_group]
    scores *= np.float32(config.group_strength)
    scores += log_popularity.astype(np.float32)
    return scores


def _user_counts(config: SyntheticConfig, rng: np.random.Generator) -> NDArray[np.int64]:
    # This log-normal distribution has mean 1.
    activity = rng.lognormal(-(ACTIVITY_SIGMA**2) / 2, ACTIVITY_SIGMA, size=config.num_users)
    counts = np.rint(MIN_USER_ITEMS + (config.mean_interactions - MIN_USER_ITEMS) * activity)
    return np.minimum(counts.astype(np.int64), config.num_items // 2)


def _draw_items(
    scores: NDArray[np.float32],
    counts: NDArray[np.int64],
    rng: np.random.Generator,
    chunk_cells: int,
) -> NDArray[np.int64]:
    num_users, num_items = scores.shape
    step = max(1, chunk_cells // num_items)
    drawn = []
    for start in range(0, num_users, step):
        chunk = scores[start : start + step]
        order = np.argsort(-(chunk + rng.gumbel(size=chunk.shape)), axis=1)
        drawn.append(order[np.arange(num_items) < counts[start : start + step, None]])
    return np.concatenate(drawn)
