"""Repeated pairs: which row stands for the pair, and with which rating."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import Duplicates
from graphrec_cli.data.interactions import RawTable
from graphrec_cli.data.pair_codes import PairCodes
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True)
class Resolved:
    """A table whose repeated pairs are resolved; no row is dropped yet.

    Attributes:
        table: the rows; under ``sum`` and ``count`` all rows of a pair have the pair's rating, and
            under ``sum`` its weight.
        chosen: whether a row stands for its pair and signal, shape (rows,).
    """

    table: RawTable
    chosen: NDArray[np.bool_]


def resolve_duplicates(table: RawTable, pairs: PairCodes, policy: Duplicates) -> Resolved:
    """Choose one row for every pair and signal, by a policy that looks at all of their rows.

    Except under ``first``, the order of rows does not matter: rows that no rule tells apart are
    equal.

    Raises:
        DataError: the policy needs times or ratings that the table lacks, or a sum is too large.
    """
    if policy is Duplicates.earliest and table.timestamp is None:
        raise DataError(
            "dataset.duplicates=earliest needs timestamps, and this data set has none; choose "
            "another policy"
        )
    sums_weights = policy is Duplicates.sum and table.weight is not None
    needs_ratings = policy in {Duplicates.highest, Duplicates.sum} and not sums_weights
    if needs_ratings and np.isnan(table.rating).all():
        raise DataError(
            f"dataset.duplicates={policy.name} needs ratings, and this data set has none; choose "
            "another policy, such as count"
        )
    if policy is Duplicates.count:
        table = replace(table, rating=_sums(table, pairs, np.ones(len(table)), "ratings"))
    if policy is Duplicates.sum:
        sums = None if table.weight is None else _sums(table, pairs, table.weight, "weights")
        weight = None if sums is None else sums.astype(np.float32)
        table = replace(table, rating=_sums(table, pairs, table.rating, "ratings"), weight=weight)
    chosen = np.ones(len(table), dtype=np.bool_)
    for rows in pairs.blocks():
        chosen[_unpreferred(table, rows, _keys(table, pairs, rows), policy)] = False
    return Resolved(table, chosen)


def _keys(table: RawTable, pairs: PairCodes, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number that is equal for the rows of one pair and one signal, shape (rows,)."""
    return pairs.keys(rows) * len(table.signal_names) + table.signal[rows]


def _unpreferred(
    table: RawTable, rows: NDArray[np.int64], key: NDArray[np.int64], policy: Duplicates
) -> NDArray[np.int64]:
    """Those of the rows that are not the first of their key in the order of the policy."""
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    repeated = order[np.append(same, False) | np.append(False, same)]
    preferred = _order_of_preference(table, rows[repeated], policy)
    if table.weight is not None and policy is not Duplicates.first:
        preferred.append(-table.weight[rows[repeated]])
    best_first = repeated[np.lexsort((*reversed(preferred), key[repeated]))]
    others = best_first[1:][key[best_first[1:]] == key[best_first[:-1]]]
    return np.asarray(rows[others], dtype=np.int64)


def _order_of_preference(
    table: RawTable, rows: NDArray[np.int64], policy: Duplicates
) -> list[NDArray[np.generic]]:
    """Numbers that are smaller the more a row is preferred, the most important first."""
    if policy is Duplicates.first:
        return []
    rating = table.rating[rows]
    highest: NDArray[np.generic] = np.where(np.isnan(rating), np.inf, -rating)
    if table.timestamp is None:
        return [highest]
    time = table.timestamp[rows]
    if policy is Duplicates.earliest:
        return [time, highest]
    # ~time is -time - 1, which cannot overflow.
    return [highest, ~time] if policy is Duplicates.highest else [~time, highest]


def _sums(
    table: RawTable, pairs: PairCodes, value: NDArray[np.floating], name: str
) -> NDArray[np.float32] | NDArray[np.float64]:
    """The sum of the values of every row's pair and signal, shape (rows,); float64 of whole ones.

    Fractions are rounded to float32, in which 0.1 and 0.7 add up to 0.8.
    """
    are_whole = bool((np.isnan(value) | (value == np.rint(value))).all())
    total: NDArray[np.float32] | NDArray[np.float64]
    total = np.empty(len(value), np.float64) if are_whole else np.empty(len(value), np.float32)
    for rows in pairs.blocks():
        key = _keys(table, pairs, rows)
        added = (value[rows] if are_whole else value[rows].astype(np.float32)).astype(np.float64)
        # Ascending values make the sum of a key independent of the order of rows.
        order = np.lexsort((added, key))
        starts = np.flatnonzero(np.append(True, key[order[1:]] != key[order[:-1]]))
        sums = np.add.reduceat(added[order], starts)
        if (sums[~np.isnan(sums)] > np.finfo(np.float32).max).any():
            raise DataError(f"the {name} of a pair add up to more than a float32 holds; scale them")
        total[rows[order]] = np.repeat(sums, np.diff(starts, append=len(order)))
    return total
