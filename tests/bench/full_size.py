"""Synthetic interactions of the size of GoodBooks-10k, generated from a fixed seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.funnel import Funnel
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import Interactions
from graphrec_cli.data.splits.leave_one_out import leave_one_out
from graphrec_cli.data.splits.split import Split

SEED = 20240


@dataclass(frozen=True, slots=True)
class Size:
    """Users, items and distinct pairs, held-out ones included."""

    num_users: int
    num_items: int
    num_pairs: int


# The current edition after the notebook's filter; 4,926,384 of the pairs are left for train.
GOODBOOKS = Size(53_398, 9_999, 5_033_180)
QUICK = Size(400, 200, 8_000)


@cache
def synthetic_split(quick: bool) -> Split:
    """Leave-one-out split of long-tailed interactions; the same in every call."""
    size = QUICK if quick else GOODBOOKS
    rng = np.random.default_rng(SEED)
    users, items = long_tailed_pairs(size, rng)
    interactions = Interactions(
        user_index=users,
        item_index=items,
        rating=np.full(len(users), np.nan, dtype=np.float32),
        timestamp=None,
        signal=np.zeros(len(users), dtype=np.int8),
        signal_names=("synthetic",),
        users=IdMap(np.arange(size.num_users)),
        items=IdMap(np.arange(size.num_items)),
    )
    funnel = Funnel(len(interactions))
    return leave_one_out(interactions, LeaveOneOutConfig(), rng=rng, funnel=funnel)


def long_tailed_pairs(
    size: Size, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Distinct user and item indices, int32, each of shape (size.num_pairs,).

    Users' numbers of items are log-normal. Items follow a shifted Zipf law in which the most
    popular tenth holds nearly half of the pairs, in an order that has
    no relation to their index.
    """
    user_share = _cumulative_shares(rng.lognormal(sigma=0.4, size=size.num_users))
    popularity = (np.arange(size.num_items) + 30.0) ** -0.8
    item_share = _cumulative_shares(rng.permutation(popularity))
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < size.num_pairs:
        missing = size.num_pairs - len(keys)
        users = np.searchsorted(user_share, rng.random(missing + missing // 4), side="right")
        items = np.searchsorted(item_share, rng.random(len(users)), side="right")
        keys = np.unique(np.concatenate([keys, users * size.num_items + items]))
    surplus = rng.choice(len(keys), len(keys) - size.num_pairs, replace=False)
    users, items = np.divmod(np.delete(keys, surplus), size.num_items)
    return users.astype(np.int32), items.astype(np.int32)


def _cumulative_shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.cumsum(weights)
    shares: NDArray[np.float64] = total / total[-1]
    return shares
