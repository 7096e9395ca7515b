"""Cross-validation: pairs are divided into folds, and one fold is held out."""

from __future__ import annotations

import numpy as np

from graphrec_cli.config.split import KFoldConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.splits.draw import group_of, place_in_group, rounded_share, shuffled_rows
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split
from graphrec_cli.data.stable_order import stable_order


def k_fold(
    interactions: Interactions,
    config: KFoldConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """Fold ``config.fold`` to test, a share of the rest to valid, what is left to train.

    The pairs are shuffled, with ``scope=user`` grouped by user, and dealt to the folds in turn, so
    that the folds differ in size by at most one pair, for every user and in total. Runs of one
    seed that differ only in ``config.fold`` test every pair exactly once.
    ``config.valid_ratio`` is a share of the rest of every user, or of all, rounded to the nearest
    whole number, halves to even.

    The folds depend on ``rng`` and on the set of pairs, not on the order of the source's rows.

    Raises:
        DataError: a pair occurs twice, or no pair falls into test, or into a valid part of a ratio
            above 0.
    """
    group = group_of(interactions, config.scope)
    rows = shuffled_rows(interactions, rng)
    rows = rows[stable_order(group[rows])]
    tested = np.arange(len(rows)) % config.folds == config.fold

    part = np.full(len(rows), TRAIN, dtype=np.int8)
    part[rows[tested]] = TEST
    rest = rows[~tested]
    valid = rounded_share(config.valid_ratio, np.bincount(group[rest]))
    part[rest[place_in_group(group[rest]) < valid[group[rest]]]] = VALID
    return assemble_split(
        interactions,
        part,
        has_valid=config.valid_ratio > 0,
        advice="lower split.folds, raise split.valid_ratio, or set split.scope=all",
        funnel=funnel,
    )
