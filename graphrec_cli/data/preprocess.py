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
from graphrec_cli.data.pair_codes import PairCodes
from graphrec_cli.data.row_blocks import count_codes, look_up
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
    pairs = PairCodes.of(table.user_id, table.item_id)
    if table.part is not None:
        _refuse_shared_pairs(pairs, table.part)
    resolved = resolve_duplicates(table, pairs, duplicates)
    table, chosen = resolved.table, resolved.chosen

    left = np.ones(len(table), dtype=np.bool_)
    if prefilter is not None:
        left = _prefiltered_rows(table, pairs, chosen, prefilter, funnel)
    left = _positive_rows(table, left, rating_threshold, "", funnel)
    left = _one_row_a_pair(table, pairs, left, chosen, duplicates, funnel)
    left = k_core_rows(pairs.user, pairs.item, left, left, k_core, funnel)
    funnel.check(int(np.count_nonzero(left)))

    user_index, user_map = _contiguous(pairs.user, pairs.users, left)
    item_index, item_map = _contiguous(pairs.item, pairs.items, left)
    return Interactions(
        user_index=user_index,
        item_index=item_index,
        rating=table.rating[left],
        timestamp=None if table.timestamp is None else table.timestamp[left],
        signal=table.signal[left],
        signal_names=table.signal_names,
        users=user_map,
        items=item_map,
        part=None if table.part is None else table.part[left],
        weight=None if table.weight is None else table.weight[left],
    )


def _prefiltered_rows(
    table: RawTable,
    pairs: PairCodes,
    chosen: NDArray[np.bool_],
    prefilter: PrefilterConfig,
    funnel: Funnel,
) -> NDArray[np.bool_]:
    """Rows left by the prefilter's threshold and k-core, which counts each pair once."""
    left = np.ones(len(table), dtype=np.bool_)
    left = _positive_rows(table, left, prefilter.rating_threshold, "prefilter.", funnel)
    k_core = prefilter.k_core
    if k_core.min_user_interactions == k_core.min_item_interactions == 1:
        return left
    counted = np.zeros(len(table), dtype=np.bool_)
    for rows in pairs.blocks():
        standing = rows[(left & chosen)[rows]]
        counted[standing[np.unique(pairs.keys(standing), return_index=True)[1]]] = True
    return k_core_rows(pairs.user, pairs.item, left, counted, k_core, funnel, prefix="prefilter.")


def _positive_rows(
    table: RawTable,
    left: NDArray[np.bool_],
    threshold: float | None,
    prefix: str,
    funnel: Funnel,
) -> NDArray[np.bool_]:
    """Rows left without a rating, or with a rating of at least the stage's threshold."""
    if threshold is None:
        return left
    # The negated comparison keeps NaN, which is a signal without ratings; float64 keeps the
    # threshold as it is.
    positive = left & ~(table.rating < np.float64(threshold))
    rows, kept = int(np.count_nonzero(left)), int(np.count_nonzero(positive))
    funnel.drop(f"{prefix}threshold", f"rating below {threshold:.15g}", rows - kept)
    if not kept:
        raise DataError(
            f"none of the {rows} rows has a rating of at least {threshold:.15g} (the "
            f"highest is {table.rating[left].max():.15g}); lower dataset.{prefix}rating_threshold"
        )
    return positive


def _refuse_shared_pairs(pairs: PairCodes, part: NDArray[np.int8]) -> None:
    for rows in pairs.blocks():
        pair = pairs.keys(rows)
        order = np.argsort(pair, kind="stable")
        rows, pair = rows[order], pair[order]
        shared = np.flatnonzero((pair[1:] == pair[:-1]) & (part[rows[1:]] != part[rows[:-1]]))
        if len(shared):
            first, second = rows[shared[0]], rows[shared[0] + 1]
            names = " and ".join(PART_NAMES[part[row]] for row in (first, second))
            raise LeakageError(
                f"{SHARED_PAIRS}: user {pairs.users[pairs.user[first]]} has item "
                f"{pairs.items[pairs.item[first]]} in two parts of the data set's own split, "
                f"{names}; keep each pair in one file"
            )


def _one_row_a_pair(
    table: RawTable,
    pairs: PairCodes,
    left: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    duplicates: Duplicates,
    funnel: Funnel,
) -> NDArray[np.bool_]:
    """Of the rows left, the chosen row of every pair's strongest signal."""
    num_signals = len(table.signal_names)
    kept = np.zeros(len(left), dtype=np.bool_)
    num_weaker = 0
    for rows in pairs.blocks():
        rows = rows[left[rows]]
        if not len(rows):
            continue
        pair, signal, is_chosen = pairs.keys(rows), table.signal[rows], chosen[rows]
        # A pair's rows are adjacent, chosen ones first, the strongest signal first among them.
        order = np.argsort((2 * pair + ~is_chosen) * num_signals + signal, kind="stable")
        pair, signal, is_chosen = pair[order], signal[order], is_chosen[order]
        starts = np.flatnonzero(np.append(True, pair[1:] != pair[:-1]))
        # A pair of which no chosen row is left is dropped as a whole.
        strongest = np.where(is_chosen[starts], signal[starts], num_signals)
        weaker = signal > np.repeat(strongest, np.diff(starts, append=len(pair)))
        num_weaker += int(np.count_nonzero(weaker))
        kept[rows[order[starts[is_chosen[starts]]]]] = True

    num_rows, num_kept = int(np.count_nonzero(left)), int(np.count_nonzero(kept))
    cause = f"duplicate of the same signal (duplicates={duplicates.name})"
    funnel.drop("duplicates", cause, num_rows - num_kept - num_weaker)
    funnel.drop("merge", "pair held by a stronger signal", num_weaker)
    for name, kept_pairs in zip(
        table.signal_names, count_codes(table.signal, num_signals, kept), strict=True
    ):
        funnel.note(f"pairs_{name}_after_merge", int(kept_pairs))
    if not num_kept:
        raise DataError(
            f"none of the {num_rows} rows is left: the rows that dataset.duplicates="
            f"{duplicates.name} keeps are below the rating threshold; lower the threshold"
        )
    return kept


def _contiguous(
    code: NDArray[np.int32], ids: NDArray[np.generic], left: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], IdMap]:
    """Indices of the rows left, in the order of the sorted ids that they have, and their map."""
    id_map = IdMap.from_ids(ids[count_codes(code, len(ids), left) > 0])
    return look_up(id_map.index(ids), code[left]), id_map
