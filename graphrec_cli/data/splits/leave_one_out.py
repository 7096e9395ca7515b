"""Hold out one test item, and optionally one valid item, per user."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.split import HeldOutBy, LeaveOneOutConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.row_blocks import count_codes, look_up
from graphrec_cli.data.splits.draw import newest_first, place_in_group, shuffled_rows
from graphrec_cli.data.splits.split import TEST, TRAIN, VALID, Split, assemble_split
from graphrec_cli.data.stable_order import stable_order
from graphrec_cli.errors import DataError


def leave_one_out(
    interactions: Interactions,
    config: LeaveOneOutConfig,
    *,
    rng: np.random.Generator,
    funnel: Funnel,
) -> Split:
    """``config.test`` test items and ``config.valid`` valid items of every user.

    With ``by=random`` every item of a user is equally likely to be held out, independently of
    other users. With ``by=time`` the newest item is test and the one before it valid; equal times
    are ordered at random. Both depend on ``rng`` and on the set of pairs, not on the order of the
    source's rows. With ``by=rating`` the highest rated item is test and the next valid; among equal
    ratings the source's later row comes first, and nothing is drawn. Without a test item, the first
    of these is valid.

    Users with fewer than ``config.min_interactions`` items stay completely in train. ``funnel``
    receives the counts of users, items and pairs; no row is dropped.

    Raises:
        DataError: a pair occurs twice, no user has enough interactions to be tested, or the data
            set lacks the times or ratings asked for.
    """
    degree = count_codes(interactions.user_index, len(interactions.users))
    wanted = config.test + config.valid
    held_out = np.where(degree >= config.min_interactions, wanted, 0)
    if wanted and not held_out.any():
        name, most = "test" if config.test else "valid", int(degree.max(initial=0))
        advice = (
            "lower split.min_interactions"
            if most > wanted
            else f"a user with {wanted} held out needs one more to train on"
        )
        raise DataError(
            f"no user has the {config.min_interactions} interactions that a {name} item requires "
            f"(the most is {most}); {advice}"
        )
    by = config.by if wanted else HeldOutBy.random
    return assemble_split(
        interactions,
        _part_of_pairs(interactions, _rows_by_preference(interactions, by, rng), held_out, config),
        has_valid=config.valid > 0,
        has_test=config.test > 0,
        advice="lower split.min_interactions",
        funnel=funnel,
    )


def _part_of_pairs(
    interactions: Interactions,
    rows: NDArray[np.int64],
    held_out: NDArray[np.int64],
    config: LeaveOneOutConfig,
) -> NDArray[np.int8]:
    """The part of every pair, an index into ``PART_NAMES``, shape (pairs,).

    Args:
        interactions: the pairs.
        rows: their numbers, those to hold out first.
        held_out: pairs to hold out of every user, shape (users,).
        config: how many of them are for test.
    """
    rows = rows[stable_order(interactions.user_index[rows])]
    user = interactions.user_index[rows]
    place = place_in_group(user)
    part = np.full(len(rows), TRAIN, dtype=np.int8)
    part[rows[place < look_up(held_out, user)]] = VALID
    part[rows[place < look_up(np.minimum(held_out, config.test), user)]] = TEST
    return part


def _rows_by_preference(
    interactions: Interactions, by: HeldOutBy, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Row numbers, those to hold out first; shape (pairs,)."""
    if by is HeldOutBy.rating:
        unrated = int(np.isnan(interactions.rating).sum())
        if unrated:
            raise DataError(
                f"split.by=rating needs a rating for every pair, and {unrated} of "
                f"{len(interactions)} pairs have none; choose split.by=random"
            )
        backwards = np.arange(len(interactions))[::-1]
        return backwards[np.argsort(-interactions.rating[backwards], kind="stable")]
    draw = shuffled_rows if by is HeldOutBy.random else newest_first
    return draw(interactions, rng)
