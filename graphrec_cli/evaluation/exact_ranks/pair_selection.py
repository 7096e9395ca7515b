"""Which held-out pairs are ranked, which count, and how many items each user has to rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems
from graphrec_cli.data.distinct import distinct
from graphrec_cli.data.interactions import UserItems


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSelection:
    """The held-out pairs of a part, ordered by user, then item.

    Attributes:
        user_index, item_index: of all of them, int32, shape (pairs,).
        warm: whether the pair is ranked, shape (pairs,): its user is asked and has a train
            interaction, and its item is in the catalog.
        counted: whether the pair counts in the metrics, shape (pairs,): it is ranked, or its item
            is outside the catalog and such pairs count as misses.
        candidates: number of unmasked items of every user, int64, shape (users,).
        counts: users and pairs held out and evaluated, and those excluded by cause.
    """

    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    warm: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    candidates: NDArray[np.int64]
    counts: dict[str, int | float]


def select_pairs(
    held_out: UserItems,
    train: UserItems,
    masked: Sequence[UserItems],
    users: NDArray[np.integer] | None,
    cold_items: ColdItems,
) -> PairSelection:
    """Select the pairs of a part that are ranked, and those that count.

    Args:
        held_out: the part.
        train: defines the catalog; its pairs are masked.
        masked: other parts to mask, without ``train``. The parts share no pair.
        users: select the pairs of these users only; None for all.
        cold_items: how held-out items outside the catalog count.
    """
    asked = np.zeros(held_out.num_users, dtype=bool)
    asked[slice(None) if users is None else users] = True
    cold_item = train.item_degree == 0
    with_held_out = asked & (held_out.user_degree > 0)
    kept_user = with_held_out & (train.user_degree > 0)

    pair_user, pair_item = held_out.user_index(), held_out.item_index
    kept = kept_user[pair_user]
    cold = cold_item[pair_item]
    warm = kept & ~cold

    candidates = np.count_nonzero(~cold_item) - train.user_degree
    for part in masked:
        candidates -= np.bincount(
            part.user_index()[~cold_item[part.item_index]], minlength=len(asked)
        )
    counted = warm if cold_items is ColdItems.exclude else kept
    users_counted = len(distinct(pair_user[counted]))
    return PairSelection(
        user_index=pair_user,
        item_index=pair_item,
        warm=warm,
        counted=counted,
        candidates=candidates,
        counts={
            "users_held_out": int(np.count_nonzero(with_held_out)),
            "pairs_held_out": int(np.count_nonzero(asked[pair_user])),
            "users_evaluated": users_counted,
            "pairs_evaluated": int(np.count_nonzero(counted)),
            "users_without_held_out": int(np.count_nonzero(asked & ~with_held_out)),
            "users_without_train": int(np.count_nonzero(with_held_out & ~kept_user)),
            "pairs_without_train": int(np.count_nonzero(asked[pair_user] & ~kept)),
            "users_all_cold": int(np.count_nonzero(kept_user)) - users_counted,
            "cold_pairs": int(np.count_nonzero(kept & cold)),
            "catalog_size": int(np.count_nonzero(~cold_item)),
        },
    )
