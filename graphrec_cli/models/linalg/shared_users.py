"""The users that two items share: X'X, where X is the matrix of train pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from graphrec_cli.data.interactions import UserItems


def shared_users(
    train: UserItems, values_at_a_time: int = 1 << 22
) -> Iterator[tuple[slice, csr_array]]:
    """Count the users that two items share, a block of items at a time.

    Args:
        values_at_a_time: entries of a block's rows, if none of them were 0.

    Yields:
        the items of the block, and their rows of X'X, float32 of shape (block, items): how many
        users have both items, on the diagonal how many have the item.
    """
    ones = np.ones(train.num_pairs, np.float32)
    shape = (train.num_users, train.num_items)
    x = csr_array((ones, train.item_index, train.indptr), shape=shape)
    by_item = x.T.tocsr()
    size = max(1, values_at_a_time // max(train.num_items, 1))
    for start in range(0, train.num_items, size):
        block = slice(start, min(start + size, train.num_items))
        yield block, by_item[block] @ x
