"""What splits share: a random order independent of the source's rows, positions and sizes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.split import Scope
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.row_blocks import count_codes, look_up, pair_order
from graphrec_cli.errors import DataError


def shuffled_rows(interactions: Interactions, rng: np.random.Generator) -> NDArray[np.int64]:
    """Row numbers in a uniformly random order, int64, shape (pairs,).

    The order of the pairs that they stand for depends on ``rng`` and on the set of pairs alone.
    """
    ascending = pair_order(
        interactions.user_index,
        interactions.item_index,
        num_users=len(interactions.users),
        num_items=len(interactions.items),
    )
    return ascending[rng.permutation(len(interactions))]


def newest_first(interactions: Interactions, rng: np.random.Generator) -> NDArray[np.int64]:
    """Row numbers from the newest to the oldest, equal times at random, int64, shape (pairs,).

    Raises:
        DataError: there are no timestamps.
    """
    if interactions.timestamp is None:
        raise DataError(
            "split.by=time needs timestamps, and none were read; name their column in "
            "dataset.timestamp, or choose split.by=random"
        )
    rows = shuffled_rows(interactions, rng)
    return rows[np.argsort(-interactions.timestamp[rows], kind="stable")]


def group_of(interactions: Interactions, scope: Scope) -> NDArray[np.int32]:
    """The group that every row is split within: its user, or 0 for all, int32, shape (pairs,)."""
    if scope is Scope.user:
        return interactions.user_index
    return np.zeros(len(interactions), dtype=np.int32)


def place_in_group(group: NDArray[np.integer]) -> NDArray[np.int64]:
    """The place of every row among the rows of its group, from 0, int64, shape (rows,).

    Args:
        group: ascending numbers from 0; the rows of a group are adjacent.
    """
    size = count_codes(group, int(group.max(initial=-1)) + 1)
    place: NDArray[np.int64] = np.arange(len(group))
    place -= look_up(np.cumsum(size) - size, group)
    return place


def rounded_share(ratio: float, size: NDArray[np.integer]) -> NDArray[np.int64]:
    """``ratio`` times every size, rounded to the nearest whole number, halves to even."""
    # 0.57 * 50 is 28.499999999999996 in floating point, so halves are recognised to 9 places.
    return np.rint(np.round(ratio * size, 9)).astype(np.int64)
