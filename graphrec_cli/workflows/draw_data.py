"""Plot the train part of a data set, and what the configured sampler draws from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphrec_cli.components import build_sampler
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.reporting.data_plots import (
    SampledPairs,
    draw_adjacency,
    draw_degrees,
    draw_samples,
)
from graphrec_cli.system.device import pick_device
from graphrec_cli.system.threads import set_threads

SHOWN_USERS = 20
"""Number of users whose samples are plotted one by one."""
DRAWS_AT_A_TIME = 2**16


def draw_plots(config: RunConfig, split: Split, folder: Path) -> list[Path]:
    """Write plots of the train part into ``folder``, which must exist.

    Returns:
        The paths of ``adjacency.png``, ``degrees.png`` and ``samples.png``, the last one only if
        the loss learns from negatives.

    Raises:
        DataError: the configured sampler has no pairs to draw from.
        OutputError: a plot cannot be written.
    """
    adjacency, degrees, samples = (
        folder / name for name in ("adjacency.png", "degrees.png", "samples.png")
    )
    has_negatives = config.loss.learns_from() is LearnsFrom.triples
    sampled = sample_pairs(config, split.train) if has_negatives else None
    draw_adjacency(split.train, adjacency)
    draw_degrees(split.train, degrees)
    if sampled is None:
        return [adjacency, degrees]
    draw_samples(split, sampled, samples, sampler=config.sampler.name)
    return [adjacency, degrees, samples]


def sample_pairs(config: RunConfig, train: UserItems) -> SampledPairs:
    """Draw one epoch from the configured sampler: as many triples as train pairs.

    All samples are kept for ``SHOWN_USERS`` users, from the least to the most active. For all
    users together, only the number of draws of each item is counted.

    Raises:
        DataError: the sampler has no pairs to draw from.
    """
    if config.num_threads is not None:
        set_threads(config.num_threads)
    sampler = build_sampler(config, train, pick_device(config.device, train.num_pairs))
    active = np.flatnonzero(train.user_degree)
    by_activity = active[np.argsort(train.user_degree[active], kind="stable")]
    places = np.linspace(0, len(active) - 1, min(SHOWN_USERS, len(active)))
    users = by_activity[np.rint(places).astype(np.int64)]

    kept = []
    positives = np.zeros(train.num_items, dtype=np.int64)
    negatives = np.zeros(train.num_items, dtype=np.int64)
    size = DRAWS_AT_A_TIME
    if config.sampler.by is PositivesBy.distinct_user:
        size = min(size, len(active) - sampler.skipped_users)
    for batch in sampler.epoch(None, size):
        user, positive, negative = (indices.cpu().numpy() for indices in batch)
        positives += np.bincount(positive, minlength=train.num_items)
        negatives += np.bincount(negative, minlength=train.num_items)
        shown = np.isin(user, users)
        kept.append(np.stack([user[shown], positive[shown], negative[shown]]))
    user_index, pos_item, neg_item = np.concatenate(kept, axis=1)
    return SampledPairs(
        users=users,
        user_index=user_index,
        pos_item=pos_item,
        neg_item=neg_item,
        positives=positives,
        negatives=negatives,
    )
