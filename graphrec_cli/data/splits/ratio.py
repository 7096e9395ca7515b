"""Hold out shares of every user's interactions, or of all interactions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.split import RatioConfig, ShareBy
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.row_blocks import count_codes, look_up
from graphrec_cli.data.splits.draw import (
    group_of,
    newest_first,
    place_in_group,
    rounded_share,
    shuffled_rows,
)
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split
from graphrec_cli.data.stable_order import stable_order


def ratio_split(
    interactions: Interactions,
    config: RatioConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """``config.test_ratio`` to test, ``config.valid_ratio`` to valid, the rest to train.

    With ``scope=user`` the shares are those of every user, with ``scope=all`` those of all pairs.
    Sizes are rounded to the nearest whole number, halves to even; a user with too few pairs for a
    share stays in train. Every pair of a user, or of all, is equally likely to be in a part; with
    ``by=time`` the newest pairs of a user are in test, the next newest in valid, and equal times
    are ordered at random. The draw depends on ``rng`` and on the set of pairs, not on the order of
    the source's rows.

    Raises:
        DataError: a pair occurs twice, no pair falls into a part of a ratio above 0, or there are
            no timestamps for ``by=time``.
    """
    return assemble_split(
        interactions,
        _part_of_pairs(interactions, config, rng),
        has_valid=config.valid_ratio > 0,
        has_test=config.test_ratio > 0,
        advice="raise split.test_ratio or split.valid_ratio, or set split.scope=all",
        funnel=funnel,
    )


def _part_of_pairs(
    interactions: Interactions, config: RatioConfig, rng: np.random.Generator
) -> NDArray[np.int8]:
    """The part of every pair, an index into ``PART_NAMES``, shape (pairs,)."""
    group = group_of(interactions, config.scope)
    by_time = config.by is ShareBy.time and config.test_ratio + config.valid_ratio > 0
    rows = (newest_first if by_time else shuffled_rows)(interactions, rng)
    rows = rows[stable_order(group[rows])]
    group = group[rows]
    place = place_in_group(group)
    size = count_codes(group, int(group.max(initial=-1)) + 1)
    test = rounded_share(config.test_ratio, size)
    valid = rounded_share(config.valid_ratio, size)

    part = np.full(len(rows), TRAIN, dtype=np.int8)
    part[rows[place < look_up(test + valid, group)]] = VALID
    part[rows[place < look_up(test, group)]] = TEST
    return part
