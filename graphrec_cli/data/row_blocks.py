"""Count and group rows in blocks, so that no array as long as a large table is copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 2**22
Value = TypeVar("Value", bound=np.generic)


def count_codes(
    code: NDArray[np.integer], size: int, counted: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """``np.bincount(code[counted], minlength=size)``, int64, shape (size,).

    Args:
        code: from 0 to ``size - 1``, shape (rows,).
        size: number of codes.
        counted: whether a row counts, shape (rows,); None if all do.
    """
    total = np.zeros(size, dtype=np.int64)
    for start in range(0, len(code), BLOCK_ROWS):
        block = code[start : start + BLOCK_ROWS]
        if counted is not None:
            block = block[counted[start : start + BLOCK_ROWS]]
        total += np.bincount(block, minlength=size)
    return total


def look_up(values: NDArray[Value], code: NDArray[np.integer]) -> NDArray[Value]:
    """``values[code]``, shape (rows,), without the copy of all codes that numpy makes."""
    found = np.empty(len(code), dtype=values.dtype)
    for start in range(0, len(code), BLOCK_ROWS):
        found[start : start + BLOCK_ROWS] = values[code[start : start + BLOCK_ROWS]]
    return found


def user_blocks(user: NDArray[np.integer], num_users: int) -> Iterator[NDArray[np.int64]]:
    """Blocks of row numbers, ascending in each; every row is in one, with all of its user's rows.

    The users of a block are above those of the blocks before it. No block is empty; it has about
    ``BLOCK_ROWS`` rows, or those of one user if they are more.

    Args:
        user: from 0 to ``num_users - 1``, shape (rows,).
        num_users: number of users.
    """
    if len(user) <= BLOCK_ROWS:
        if len(user):
            yield np.arange(len(user))
        return
    blocks = -(-len(user) // BLOCK_ROWS)
    before = np.cumsum(count_codes(user, num_users)) // BLOCK_ROWS
    block_of = look_up(before.astype(np.min_scalar_type(blocks)), user)
    for block in range(blocks + 1):
        rows = np.flatnonzero(block_of == block)
        if len(rows):
            yield rows


def pair_order(
    user: NDArray[np.integer], item: NDArray[np.integer], *, num_users: int, num_items: int
) -> NDArray[np.int64]:
    """Row numbers by user, those of a user by item, int64, shape (rows,).

    Args:
        user, item: from 0 to below their number, shape (rows,); of distinct pairs.
        num_users, num_items: their numbers.
    """
    order = np.empty(len(user), dtype=np.int64)
    start = 0
    for rows in user_blocks(user, num_users):
        pair = user[rows].astype(np.int64) * num_items + item[rows]
        order[start : start + len(rows)] = rows[np.argsort(pair)]
        start += len(rows)
    return order
