"""Drop users and items with too few interactions, repeatedly or in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import KCoreConfig, KCoreMode
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.errors import DataError


def k_core_rows(
    user_code: NDArray[np.int64],
    item_code: NDArray[np.int64],
    counted: NDArray[np.bool_],
    config: KCoreConfig,
    funnel: Funnel,
    *,
    prefix: str = "",
) -> NDArray[np.int64]:
    """Positions of the rows whose user and item have enough interactions, ascending.

    In the mode ``fixpoint`` users and items are dropped until all that remain reach their
    minimum. In ``one_pass`` users are dropped once, then items, counted on the remaining rows;
    users who fall below the minimum in the second step stay.

    Args:
        user_code, item_code: codes from 0, shape (rows,).
        counted: whether a row counts, shape (rows,): one row of each pair at most. The others are
            kept or dropped with their user and item.
        config: minimums and mode.
        funnel: receives the rows dropped because of a user and because of an item; nothing of a
            minimum of 1, which keeps all.
        prefix: prepended to ``k_core`` in the funnel's stage and the config key.

    Raises:
        DataError: no row is left.
    """
    min_user, min_item = config.min_user_interactions, config.min_item_interactions
    if min_user == min_item == 1:
        return np.arange(len(user_code))
    drop = _drop_repeatedly if config.mode is KCoreMode.fixpoint else _drop_once
    kept, by_user, by_item, iterations = drop(user_code, item_code, counted, config)

    stage = f"{prefix}k_core"
    for name, minimum, rows in (("user", min_user, by_user), ("item", min_item, by_item)):
        if minimum > 1 or rows:
            funnel.drop(stage, f"{name} with fewer than {minimum} interactions", rows)
    funnel.note(f"{stage}_iterations", iterations)
    for name, code in (("users", user_code), ("items", item_code)):
        funnel.note(f"{stage}_{name}_dropped", _num_distinct(code) - _num_distinct(code[kept]))
    if not len(kept):
        raise DataError(
            f"none of the {len(user_code)} interactions is left if every user must have {min_user} "
            f"and every item {min_item}; lower dataset.{stage}.min_user_interactions or "
            f"dataset.{stage}.min_item_interactions"
        )
    return kept


Dropped = tuple[NDArray[np.int64], int, int, int]
"""Positions kept, rows dropped because of a user and because of an item, passes that dropped."""


def _drop_repeatedly(
    user: NDArray[np.int64],
    item: NDArray[np.int64],
    counted: NDArray[np.bool_],
    config: KCoreConfig,
) -> Dropped:
    kept = np.arange(len(user))
    by_user = by_item = iterations = 0
    while True:
        sparse_user = _sparse(user[kept], counted[kept], config.min_user_interactions)
        sparse_item = _sparse(item[kept], counted[kept], config.min_item_interactions)
        if not (sparse_user | sparse_item).any():
            return kept, by_user, by_item, iterations
        iterations += 1
        by_user += int(sparse_user.sum())
        by_item += int((sparse_item & ~sparse_user).sum())
        kept = kept[~(sparse_user | sparse_item)]


def _drop_once(
    user: NDArray[np.int64],
    item: NDArray[np.int64],
    counted: NDArray[np.bool_],
    config: KCoreConfig,
) -> Dropped:
    left = np.flatnonzero(~_sparse(user, counted, config.min_user_interactions))
    kept = left[~_sparse(item[left], counted[left], config.min_item_interactions)]
    return kept, len(user) - len(left), len(left) - len(kept), int(len(kept) < len(user))


def _sparse(code: NDArray[np.int64], counted: NDArray[np.bool_], minimum: int) -> NDArray[np.bool_]:
    """Whether the user or item of a row has fewer counted rows than the minimum."""
    few = np.bincount(code[counted], minlength=int(code.max(initial=-1)) + 1) < minimum
    return np.asarray(few[code])


def _num_distinct(codes: NDArray[np.int64]) -> int:
    return int(np.count_nonzero(np.bincount(codes)))
