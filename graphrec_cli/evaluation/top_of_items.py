"""The best items of users who all have the same scores: one order, less each user's masked items.

No row of scores is needed for a user.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError


def top_of_items(
    scores: NDArray[np.floating],
    users: NDArray[np.int64],
    *,
    k: int,
    item_degree: NDArray[np.int64],
    masked: Sequence[UserItems],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the k items with the highest scores that are not masked, in the order of ``top_k``.

    Args:
        scores: of the items, for every user, shape (items,).
        users: shape (users,).
        item_degree: train interactions of each item, shape (items,); those without are left out.
        masked: parts whose pairs are excluded; they may share pairs.

    Returns:
        The number of items of every user, shape (users,), and the items of the users one after the
        other, best first, shape (number.sum(),).

    Raises:
        NonFiniteError: a score is NaN or infinite.
    """
    if not np.isfinite(scores).all():
        item = int(np.flatnonzero(~np.isfinite(scores))[0])
        raise NonFiniteError(f"the score of item index {item} is NaN or infinite")
    order = np.lexsort((np.arange(len(scores)), -item_degree, -scores))
    order = order[item_degree[order] > 0]
    place = np.full(len(scores), -1)
    place[order] = np.arange(len(order))
    row, taken = _masked_places(place, users, masked)
    # The j-th masked place p of a row (from 0) has p - j others before it, so the n-th item that is
    # left is at place n + the number of masked places with p - j <= n.
    counts = np.bincount(row, minlength=len(users))
    start = np.cumsum(counts) - counts
    before = taken - (np.arange(len(row)) - start[row])
    length = np.minimum(k, len(order) - counts)
    user = np.repeat(np.arange(len(users)), length)
    nth = np.arange(len(user)) - (np.cumsum(length) - length)[user]
    size = len(order) + 1
    passed = np.searchsorted(row * size + before, user * size + nth, side="right") - start[user]
    return length, order[nth + passed]


def _masked_places(
    place: NDArray[np.int64], users: NDArray[np.int64], masked: Sequence[UserItems]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and places of masked pairs, ascending and each pair once; both of shape (pairs,).

    Args:
        place: of every item, -1 for one that is in no list.
    """
    keys = [np.empty(0, dtype=np.int64)]
    for part in masked:
        size = part.user_degree[users]
        row = np.repeat(np.arange(len(users)), size)
        pair = np.arange(len(row)) + (part.indptr[users] - (np.cumsum(size) - size))[row]
        at = place[part.item_index[pair]]
        keys.append((row * len(place) + at)[at >= 0])
    row, taken = np.divmod(np.unique(np.concatenate(keys)), len(place))
    return row, taken
