"""From the rows of a source to positive pairs on contiguous indices, every dropped row counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.config.dataset import KCoreConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import PART_NAMES, Interactions, RawTable
from graphrec_cli.errors import DataError


def preprocess(
    table: RawTable, *, rating_threshold: float | None, k_core: KCoreConfig, funnel: Funnel
) -> Interactions:
    """The positive pairs of a table, each once, in source order, on indices of sorted raw ids.

    In this order: rows rated below the threshold are dropped (rows without a rating pass); of the
    rows of one pair the first of its strongest signal stays, whatever the row order; users and
    items with too few pairs are dropped until none is left; ids become indices. ``funnel`` must
    account for exactly the rows of ``table`` and accounts for those of the result afterwards.

    Args:
        rating_threshold: lowest rating that makes a positive, None where ratings do not decide.

    Raises:
        DataError: the table is empty, no row reaches the threshold, the source's own split holds
            a pair in two parts, or the k-core is empty.
    """
    funnel.check(len(table))
    if not len(table):
        raise DataError("the data set holds no interactions; check that its files are complete")
    rows = _positive_rows(table, rating_threshold, funnel)
    user_code, users = _factorize(table.user_id[rows], "user_id")
    item_code, items = _factorize(table.item_id[rows], "item_id")

    if table.part is not None:
        _refuse_shared_pairs(user_code, users, item_code, items, table.part[rows])
    kept = _merge_signals(user_code, item_code, table.signal[rows], table.signal_names, funnel)
    rows, user_code, item_code = rows[kept], user_code[kept], item_code[kept]

    kept = _k_core(user_code, item_code, k_core, funnel)
    rows, user_code, item_code = rows[kept], user_code[kept], item_code[kept]
    funnel.check(len(rows))

    user_index, user_map = _contiguous(user_code, users)
    item_index, item_map = _contiguous(item_code, items)
    return Interactions(
        user_index=user_index,
        item_index=item_index,
        rating=table.rating[rows],
        timestamp=None if table.timestamp is None else table.timestamp[rows],
        signal=table.signal[rows],
        signal_names=table.signal_names,
        users=user_map,
        items=item_map,
        part=None if table.part is None else table.part[rows],
    )


def _positive_rows(table: RawTable, threshold: float | None, funnel: Funnel) -> NDArray[np.int64]:
    """Row numbers whose rating is absent or at least the threshold."""
    if threshold is None:
        return np.arange(len(table))
    # The negated comparison lets NaN, a signal without ratings, pass.
    rows = np.flatnonzero(~(table.rating < threshold))
    funnel.drop("threshold", f"rating below {threshold:g}", len(table) - len(rows))
    if not len(rows):
        raise DataError(
            f"none of the {len(table)} rows has a rating of at least {threshold:g} (the highest "
            f"is {table.rating.max():g}); lower dataset.rating_threshold"
        )
    return rows


def _factorize(
    raw: NDArray[np.generic], column: str
) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """A code for every row and the id of every code, in order of first appearance."""
    codes, ids = pd.factorize(raw)
    if codes.min() < 0:
        raise DataError(f"column {column} holds empty ids; remove those rows from the file")
    return codes, np.asarray(ids, dtype=raw.dtype)


def _refuse_shared_pairs(
    user_code: NDArray[np.int64],
    users: NDArray[np.generic],
    item_code: NDArray[np.int64],
    items: NDArray[np.generic],
    part: NDArray[np.int8],
) -> None:
    pair = user_code * (item_code.max() + 1) + item_code
    order = np.argsort(pair, kind="stable")
    pair, part = pair[order], part[order]
    shared = np.flatnonzero((pair[1:] == pair[:-1]) & (part[1:] != part[:-1]))
    if len(shared):
        row = order[shared[0]]
        names = " and ".join(PART_NAMES[part[place]] for place in (shared[0], shared[0] + 1))
        raise DataError(
            f"user {users[user_code[row]]} has item {items[item_code[row]]} in two parts of the "
            f"data set's own split, {names}; keep each pair in one file"
        )


def _merge_signals(
    user_code: NDArray[np.int64],
    item_code: NDArray[np.int64],
    signal: NDArray[np.int8],
    signal_names: tuple[str, ...],
    funnel: Funnel,
) -> NDArray[np.int64]:
    """Positions of the winning row of every pair, ascending."""
    pair = user_code * (item_code.max() + 1) + item_code
    # The sort is stable: a pair's rows lie together, strongest signal first, then source order.
    order = np.argsort(pair * len(signal_names) + signal, kind="stable")
    pair, signal = pair[order], signal[order]
    first = np.concatenate([[True], pair[1:] != pair[:-1]])
    starts = np.flatnonzero(first)
    winner = np.repeat(signal[starts], np.diff(starts, append=len(pair)))
    funnel.drop(
        "duplicates", "duplicate of the same signal", int((~first & (signal == winner)).sum())
    )
    funnel.drop("merge", "pair held by a stronger signal", int((signal > winner).sum()))
    for name, pairs in zip(
        signal_names, np.bincount(signal[starts], minlength=len(signal_names)), strict=True
    ):
        funnel.note(f"pairs_{name}_after_merge", int(pairs))
    return np.sort(order[starts])


def _k_core(
    user_code: NDArray[np.int64], item_code: NDArray[np.int64], k_core: KCoreConfig, funnel: Funnel
) -> NDArray[np.int64]:
    """Positions of the pairs in the largest part where every user and item has its minimum."""
    min_user, min_item = k_core.min_user_interactions, k_core.min_item_interactions
    kept = np.arange(len(user_code))
    user, item = user_code, item_code
    by_user = by_item = iterations = 0
    while True:
        sparse_user = (np.bincount(user) < min_user)[user]
        sparse_item = (np.bincount(item) < min_item)[item]
        stays = np.flatnonzero(~(sparse_user | sparse_item))
        if len(stays) == len(kept):
            break
        iterations += 1
        by_user += int(sparse_user.sum())
        by_item += int((sparse_item & ~sparse_user).sum())
        kept, user, item = kept[stays], user[stays], item[stays]

    funnel.drop("k_core", f"user with fewer than {min_user} interactions", by_user)
    funnel.drop("k_core", f"item with fewer than {min_item} interactions", by_item)
    funnel.note("k_core_iterations", iterations)
    funnel.note("k_core_users_dropped", _num_distinct(user_code) - _num_distinct(user))
    funnel.note("k_core_items_dropped", _num_distinct(item_code) - _num_distinct(item))
    if not len(kept):
        raise DataError(
            f"no interaction is left of {len(user_code)} when every user must have {min_user} and "
            f"every item {min_item}; lower dataset.k_core.min_user_interactions or "
            "dataset.k_core.min_item_interactions"
        )
    return kept


def _num_distinct(codes: NDArray[np.int64]) -> int:
    return int(np.count_nonzero(np.bincount(codes)))


def _contiguous(
    code: NDArray[np.int64], ids: NDArray[np.generic]
) -> tuple[NDArray[np.int32], IdMap]:
    """Indices in the order of the sorted ids that still occur, and their map."""
    id_map = IdMap.from_ids(ids[np.unique(code)])
    return id_map.index(ids)[code], id_map
