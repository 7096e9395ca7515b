"""Ranks of held-out items in given lists, by the rules of the ranking of a whole catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import Ties
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.pair_selection import PairSelection, select_pairs
from graphrec_cli.evaluation.exact_ranks.ranks import (
    HeldOutPairs,
    HeldOutRanks,
    RankingRules,
    ranks_of,
)
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.metrics import MISS


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLists:
    """Lists of items, one row for each item of a user, in any order.

    Attributes:
        user_index: int64, shape (rows,); -1 for a user who is not in the data.
        item_index: int64, shape (rows,); from ``num_items`` on for items that are not in the data,
            a number for each of them.
        key: what orders the items of a user, the smallest first, float64, shape (rows,). Infinity
            stands for an item that is not recommended. None: the order of the rows.
    """

    user_index: NDArray[np.int64]
    item_index: NDArray[np.int64]
    key: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRanks:
    """The ranks of held-out pairs in lists, and the rows that have no place in them.

    A row is in at most one of the sets of rows; each is a mask of shape (rows,).

    Attributes:
        ranks: of the pairs; ``metrics.MISS`` for a pair that is not listed.
        unknown_user: rows of users who are not in the data.
        masked: rows whose key is infinite.
        outside_catalog: rows of items of the data without a train interaction.
        seen: rows of a user's train items, and of other masked items, by the place of their part in
            ``(train, *masked)``.
        repeated: rows of an item that has a better place in the same list.
        length: number of places in the list of every user, int64, shape (users,).
        listed: whether a user has a row, shape (users,).
        short: by cut-off k, evaluated users with fewer than k places, though they have more items
            to rank.
        partial: evaluated users with fewer places than they have items to rank.
        tied_at: by cut-off k, evaluated users whose items on both sides of the cut-off are tied.
        no_list: evaluated users without a row, int64 indices.
    """

    ranks: HeldOutRanks
    unknown_user: NDArray[np.bool_]
    masked: NDArray[np.bool_]
    outside_catalog: NDArray[np.bool_]
    seen: tuple[NDArray[np.bool_], ...]
    repeated: NDArray[np.bool_]
    length: NDArray[np.int64]
    listed: NDArray[np.bool_]
    short: dict[int, int]
    partial: int
    tied_at: dict[int, int]
    no_list: NDArray[np.int64]


def rank_listed(
    lists: ItemLists, pairs: HeldOutPairs, rules: RankingRules, ks: Sequence[int]
) -> ListedRanks:
    """Rank every held-out pair in its user's list.

    Masked items and items outside the catalog are taken out of a list, and of an item that is
    listed twice the better place counts. The rank is the number of other items before it; among
    equal keys ``rules.ties`` decides. With the scores of a whole catalog the ranks are those of
    ``rank_held_out``.

    Args:
        ks: cut-offs.
    """
    train = pairs.train
    others = [part for part in pairs.masked if part is not train]
    selected = select_pairs(pairs.held_out, train, others, pairs.users, rules.cold_items)
    num_users, num_items = train.num_users, train.num_items
    user, item = lists.user_index, lists.item_index

    unknown_user = user < 0
    kept = ~unknown_user
    listed = np.bincount(user[kept], minlength=num_users) > 0
    masked = kept & (False if lists.key is None else np.isposinf(lists.key))
    kept &= ~masked
    outside_catalog = kept & np.append(train.item_degree == 0, False)[np.minimum(item, num_items)]
    kept &= ~outside_catalog
    seen = []
    for part in (train, *others):
        seen.append(kept & (_place_in(part, user, item) >= 0))
        kept &= ~seen[-1]

    rows = np.flatnonzero(kept)
    rows = rows[_order(lists, rows, pairs.held_out, selected, rules)]
    first = _first_of_pairs(user[rows], item[rows])
    repeated = np.zeros_like(kept)
    repeated[rows[~first]] = True
    rows = rows[first]

    user, item = user[rows], item[rows]
    length = np.bincount(user, minlength=num_users)
    place = np.arange(len(rows)) - (np.cumsum(length) - length)[user]
    after_tie = np.zeros(len(rows), dtype=bool)
    if lists.key is not None:
        key = lists.key[rows]
        after_tie[1:] = (key[1:] == key[:-1]) & (user[1:] == user[:-1])
    tied_row = after_tie | np.append(after_tie[1:], False)

    pair = _place_in(pairs.held_out, user, item)
    # A rank beyond the items of the data is only possible behind unknown items.
    found = (pair >= 0) & (place < num_items)
    found[found] = selected.warm[pair[found]]
    rank = np.full(len(selected.warm), MISS, dtype=np.int64)
    tied = np.zeros(len(rank), dtype=bool)
    rank[pair[found]] = place[found]
    tied[pair[found]] = tied_row[found]

    evaluated = np.zeros(num_users, dtype=bool)
    evaluated[selected.user_index[selected.counted]] = True
    to_list = np.where(evaluated, selected.candidates, 0)
    return ListedRanks(
        ranks=ranks_of(selected, rank, tied),
        unknown_user=unknown_user,
        masked=masked,
        outside_catalog=outside_catalog,
        seen=tuple(seen),
        repeated=repeated,
        length=length,
        listed=listed,
        short={k: int(np.count_nonzero(length < np.minimum(k, to_list))) for k in ks},
        partial=int(np.count_nonzero(length < to_list)),
        tied_at={k: int(np.count_nonzero(after_tie & (place == k) & evaluated[user])) for k in ks},
        no_list=np.flatnonzero(evaluated & ~listed),
    )


def _place_in(
    part: UserItems, user: NDArray[np.int64], item: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The place of each row's pair among the pairs of a part, -1 if it is not there."""
    keys = part.pair_keys()
    inside = (user >= 0) & (item < part.num_items)
    wanted = np.where(inside, user * part.num_items + item, -1)
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    place = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def _order(
    lists: ItemLists,
    rows: NDArray[np.int64],
    held_out: UserItems,
    selected: PairSelection,
    rules: RankingRules,
) -> NDArray[np.int64]:
    """Places in ``rows`` by user, then in the order of the user's list."""
    user, item = lists.user_index[rows], lists.item_index[rows]
    if lists.key is None:
        return np.lexsort((rows, user))
    keys = user_tie_keys(rules.tie_seed, torch.from_numpy(user))
    by_hash = tie_hash(keys, torch.from_numpy(item)).numpy()
    if rules.ties is Ties.random:
        return np.lexsort((by_hash, lists.key[rows], user))
    pair = _place_in(held_out, user, item)
    ranked = (pair >= 0) & np.append(selected.warm, False)[pair]
    behind = ranked if rules.ties is Ties.pessimistic else ~ranked
    return np.lexsort((by_hash, behind, lists.key[rows], user))


def _first_of_pairs(user: NDArray[np.int64], item: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether no earlier row has the same user and item, shape (rows,)."""
    order = np.lexsort((item, user))  # stable
    again = np.zeros(len(order), dtype=bool)
    again[1:] = (user[order][1:] == user[order][:-1]) & (item[order][1:] == item[order][:-1])
    first = np.ones(len(order), dtype=bool)
    first[order[again]] = False
    return first
