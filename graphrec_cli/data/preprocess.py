"""Turn a source's rows into positive pairs on contiguous indices, and count dropped rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import Duplicates, KCoreConfig, PrefilterConfig
from graphrec_cli.data.duplicates import resolve_duplicates
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import PART_NAMES, Interactions, RawTable
from graphrec_cli.data.k_core import k_core_rows
from graphrec_cli.data.splits.shared_pairs import SHARED_PAIRS
from graphrec_cli.errors import DataError, LeakageError


def preprocess(
    table: RawTable,
    *,
    rating_threshold: float | None,
    k_core: KCoreConfig,
    funnel: Funnel,
    prefilter: PrefilterConfig | None = None,
    duplicates: Duplicates = Duplicates.latest,
) -> Interactions:
    """The positive pairs of a table, each once, in source order, on indices of sorted raw ids.

    A pair in two parts of the source's own split is refused, whatever its ratings. Then, in this
    order: ``duplicates`` chooses the row of every pair and signal, so that no other row
    can make the pair a positive; the prefilter's threshold and k-core, if there is one; rows rated
    below the threshold are dropped (rows without a rating pass); of the chosen rows of one pair
    that of its strongest signal stays; users and items with too few pairs are dropped as the
    k-core's mode says; ids become indices. ``funnel`` must account for exactly the rows of
    ``table`` and accounts for those of the result afterwards. It counts a row that both the
    threshold and ``duplicates`` drop under the threshold.

    Args:
        rating_threshold: lowest rating that makes a positive, None if ratings do not matter.
        duplicates: which row stands for a pair that occurs more than once.

    Raises:
        DataError: the table is empty, no row reaches the threshold, the k-core is empty, or
            ``duplicates`` needs times or ratings that the table lacks.
        LeakageError: the source's own split has a pair in two parts.
    """
    funnel.check(len(table))
    if not len(table):
        raise DataError("the data set has no interactions; check that its files are complete")
    user_code, users = _factorize(table.user_id, "user_id")
    item_code, items = _factorize(table.item_id, "item_id")
    if table.part is not None:
        _refuse_shared_pairs(user_code, users, item_code, items, table.part)
    pair = user_code * (item_code.max() + 1) + item_code
    resolved = resolve_duplicates(table, pair * len(table.signal_names) + table.signal, duplicates)
    table, chosen = resolved.table, resolved.chosen

    rows = np.arange(len(table))
    if prefilter is not None:
        rows = _prefiltered_rows(table, user_code, item_code, chosen, prefilter, funnel)
    rows = _positive_rows(table, rows, rating_threshold, "", funnel)
    names = table.signal_names
    rows = rows[
        _one_row_a_pair(pair[rows], table.signal[rows], chosen[rows], names, duplicates, funnel)
    ]
    user_code, item_code = user_code[rows], item_code[rows]

    distinct = np.ones(len(rows), dtype=np.bool_)
    kept = k_core_rows(user_code, item_code, distinct, k_core, funnel)
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
        weight=None if table.weight is None else table.weight[rows],
    )


def _prefiltered_rows(
    table: RawTable,
    user_code: NDArray[np.int64],
    item_code: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    prefilter: PrefilterConfig,
    funnel: Funnel,
) -> NDArray[np.int64]:
    """Rows left by the prefilter's threshold and k-core, which counts each pair once."""
    rows = np.arange(len(table))
    rows = _positive_rows(table, rows, prefilter.rating_threshold, "prefilter.", funnel)
    k_core = prefilter.k_core
    if k_core.min_user_interactions == k_core.min_item_interactions == 1:
        return rows
    user_code, item_code = user_code[rows], item_code[rows]
    standing = np.flatnonzero(chosen[rows])
    pair = user_code[standing] * (item_code.max() + 1) + item_code[standing]
    counted = np.zeros(len(rows), dtype=np.bool_)
    counted[standing[np.unique(pair, return_index=True)[1]]] = True
    kept = k_core_rows(user_code, item_code, counted, k_core, funnel, prefix="prefilter.")
    return rows[kept]


def _positive_rows(
    table: RawTable,
    rows: NDArray[np.int64],
    threshold: float | None,
    prefix: str,
    funnel: Funnel,
) -> NDArray[np.int64]:
    """The rows without a rating, or with a rating of at least the stage's threshold."""
    if threshold is None:
        return rows
    # The negated comparison keeps NaN, which is a signal without ratings.
    rating = table.rating[rows]
    positive = rows[~(rating < threshold)]
    cause = f"rating below {threshold:.15g}"
    funnel.drop(f"{prefix}threshold", cause, len(rows) - len(positive))
    if not len(positive):
        raise DataError(
            f"none of the {len(rows)} rows has a rating of at least {threshold:.15g} (the "
            f"highest is {rating.max():.15g}); lower dataset.{prefix}rating_threshold"
        )
    return positive


def _factorize(
    raw: NDArray[np.generic], column: str
) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """A code for every row and the id of every code, in order of first appearance."""
    import pandas as pd

    codes, ids = pd.factorize(raw)
    if codes.min() < 0:
        raise DataError(f"column {column} has empty ids; remove those rows from the file")
    return codes, np.asarray(ids, dtype=np.str_ if raw.dtype == np.object_ else raw.dtype)


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
        raise LeakageError(
            f"{SHARED_PAIRS}: user {users[user_code[row]]} has item {items[item_code[row]]} in two "
            f"parts of the data set's own split, {names}; keep each pair in one file"
        )


def _one_row_a_pair(
    pair: NDArray[np.int64],
    signal: NDArray[np.int8],
    chosen: NDArray[np.bool_],
    signal_names: tuple[str, ...],
    duplicates: Duplicates,
    funnel: Funnel,
) -> NDArray[np.int64]:
    """Positions of the chosen row of every pair's strongest signal, ascending."""
    num_signals = len(signal_names)
    # A pair's rows are adjacent, chosen ones first, the strongest signal first among them.
    order = np.argsort((2 * pair + ~chosen) * num_signals + signal, kind="stable")
    pair, signal, chosen = pair[order], signal[order], chosen[order]
    starts = np.flatnonzero(np.append(True, pair[1:] != pair[:-1]))
    # A pair of which no chosen row is left is dropped as a whole.
    strongest = np.where(chosen[starts], signal[starts], num_signals)
    weaker = signal > np.repeat(strongest, np.diff(starts, append=len(pair)))
    kept = starts[chosen[starts]]
    cause = f"duplicate of the same signal (duplicates={duplicates.name})"
    funnel.drop("duplicates", cause, len(pair) - len(kept) - int(weaker.sum()))
    funnel.drop("merge", "pair held by a stronger signal", int(weaker.sum()))
    for name, pairs in zip(
        signal_names, np.bincount(signal[kept], minlength=num_signals), strict=True
    ):
        funnel.note(f"pairs_{name}_after_merge", int(pairs))
    if not len(kept):
        raise DataError(
            f"none of the {len(pair)} rows is left: the rows that dataset.duplicates="
            f"{duplicates.name} keeps are below the rating threshold; lower the threshold"
        )
    return np.sort(order[kept])


def _contiguous(
    code: NDArray[np.int64], ids: NDArray[np.generic]
) -> tuple[NDArray[np.int32], IdMap]:
    """Indices in the order of the sorted ids that still occur, and their map."""
    id_map = IdMap.from_ids(ids[np.flatnonzero(np.bincount(code))])
    return id_map.index(ids)[code], id_map
