"""Repeated pairs: which row stands for the pair, and with which rating."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.dataset import Duplicates
from graphrec_cli.data.interactions import RawTable
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


def resolve_duplicates(table: RawTable, key: NDArray[np.int64], policy: Duplicates) -> Resolved:
    """Choose one row for every key, by a policy that looks at all rows of the key.

    Except under ``first``, the order of rows does not matter: rows that no rule tells apart are
    equal.

    Args:
        key: equal for the rows of one pair and one signal, shape (rows,).

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
        table = replace(table, rating=_sums(np.ones(len(table)), key, "ratings"))
    if policy is Duplicates.sum:
        sums = None if table.weight is None else _sums(table.weight, key, "weights")
        weight = None if sums is None else sums.astype(np.float32)
        table = replace(table, rating=_sums(table.rating, key, "ratings"), weight=weight)
    return Resolved(table, _chosen(table, key, policy))


def _chosen(table: RawTable, key: NDArray[np.int64], policy: Duplicates) -> NDArray[np.bool_]:
    """Whether a row is the first of its key in the order of the policy."""
    order = np.argsort(key, kind="stable")
    same = key[order[1:]] == key[order[:-1]]
    repeated = order[np.append(same, False) | np.append(False, same)]
    preferred = _order_of_preference(table, repeated, policy)
    if table.weight is not None and policy is not Duplicates.first:
        preferred.append(-table.weight[repeated])
    rows = repeated[np.lexsort((*reversed(preferred), key[repeated]))]
    chosen = np.ones(len(table), dtype=np.bool_)
    chosen[rows[1:][key[rows[1:]] == key[rows[:-1]]]] = False
    return chosen


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
    value: NDArray[np.floating], key: NDArray[np.int64], name: str
) -> NDArray[np.float32] | NDArray[np.float64]:
    """The sum of the values of the key of every row, shape (rows,); float64 of whole numbers.

    Fractions are rounded to float32, in which 0.1 and 0.7 add up to 0.8.
    """
    are_whole = bool((np.isnan(value) | (value == np.rint(value))).all())
    value = (value if are_whole else value.astype(np.float32)).astype(np.float64)
    # Ascending values make the sum of a key independent of the order of rows.
    order = np.lexsort((value, key))
    starts = np.flatnonzero(np.append(True, key[order[1:]] != key[order[:-1]]))
    sums = np.add.reduceat(value[order], starts)
    if (sums[~np.isnan(sums)] > np.finfo(np.float32).max).any():
        raise DataError(f"the {name} of a pair add up to more than a float32 holds; scale them")
    total = np.empty(len(value))
    total[order] = np.repeat(sums, np.diff(starts, append=len(order)))
    return total if are_whole else total.astype(np.float32)
