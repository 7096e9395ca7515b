"""Drop users and items with too few interactions, repeatedly or in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import KCoreConfig, KCoreMode
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.row_blocks import count_codes, look_up
from graphrec_cli.errors import DataError


def k_core_rows(
    user_code: NDArray[np.integer],
    item_code: NDArray[np.integer],
    left: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    config: KCoreConfig,
    funnel: Funnel,
    *,
    prefix: str = "",
) -> NDArray[np.bool_]:
    """Whether a row is left whose user and item have enough interactions, shape (rows,).

    In the mode ``fixpoint`` users and items are dropped until all that remain reach their
    minimum. In ``one_pass`` users are dropped once, then items, counted on the remaining rows;
    users who fall below the minimum in the second step stay.

    Args:
        user_code, item_code: codes from 0, shape (rows,).
        left: whether a row was not dropped before, shape (rows,).
        counted: whether a row that is left counts, shape (rows,): one row of each pair at most. The
            others are kept or dropped with their user and item.
        config: minimums and mode.
        funnel: receives the rows dropped because of a user and because of an item; nothing of a
            minimum of 1, which keeps all.
        prefix: prepended to ``k_core`` in the funnel's stage and the config key.

    Raises:
        DataError: no row is left.
    """
    min_user, min_item = config.min_user_interactions, config.min_item_interactions
    if min_user == min_item == 1:
        return left
    user = _Side(user_code, min_user)
    item = _Side(item_code, min_item)
    drop = _drop_repeatedly if config.mode is KCoreMode.fixpoint else _drop_once
    kept, by_user, by_item, iterations = drop(user, item, left, counted)

    stage = f"{prefix}k_core"
    for name, minimum, rows in (("user", min_user, by_user), ("item", min_item, by_item)):
        if minimum > 1 or rows:
            funnel.drop(stage, f"{name} with fewer than {minimum} interactions", rows)
    funnel.note(f"{stage}_iterations", iterations)
    for name, side in (("users", user), ("items", item)):
        funnel.note(f"{stage}_{name}_dropped", side.num_present(left) - side.num_present(kept))
    if not kept.any():
        raise DataError(
            f"none of the {np.count_nonzero(left)} interactions is left if every user must have "
            f"{min_user} and every item {min_item}; lower dataset.{stage}.min_user_interactions or "
            f"dataset.{stage}.min_item_interactions"
        )
    return kept


class _Side:
    """The users of all rows, or their items, with the minimum that they must reach."""

    def __init__(self, code: NDArray[np.integer], minimum: int) -> None:
        self._code = code
        self._minimum = minimum
        self._size = int(code.max(initial=-1)) + 1

    def sparse(self, left: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a row is left and its user or item has fewer counted rows than the minimum."""
        few = count_codes(self._code, self._size, left & counted) < self._minimum
        return look_up(few, self._code) & left

    def num_present(self, left: NDArray[np.bool_]) -> int:
        """Number of users or items with a row that is left."""
        return int(np.count_nonzero(count_codes(self._code, self._size, left)))


Dropped = tuple[NDArray[np.bool_], int, int, int]
"""Rows kept, rows dropped because of a user and because of an item, passes that dropped."""


def _drop_repeatedly(
    user: _Side, item: _Side, left: NDArray[np.bool_], counted: NDArray[np.bool_]
) -> Dropped:
    kept = left
    by_user = by_item = iterations = 0
    while True:
        sparse_user = user.sparse(kept, counted)
        sparse_item = item.sparse(kept, counted)
        sparse = sparse_user | sparse_item
        if not sparse.any():
            return kept, by_user, by_item, iterations
        iterations += 1
        by_user += int(np.count_nonzero(sparse_user))
        by_item += int(np.count_nonzero(sparse_item & ~sparse_user))
        kept = kept & ~sparse


def _drop_once(
    user: _Side, item: _Side, left: NDArray[np.bool_], counted: NDArray[np.bool_]
) -> Dropped:
    sparse_user = user.sparse(left, counted)
    sparse_item = item.sparse(left & ~sparse_user, counted)
    by_user, by_item = int(np.count_nonzero(sparse_user)), int(np.count_nonzero(sparse_item))
    return left & ~sparse_user & ~sparse_item, by_user, by_item, int(by_user + by_item > 0)
