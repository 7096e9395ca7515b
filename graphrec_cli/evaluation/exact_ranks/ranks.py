"""Exact ranks of held-out items in the whole catalog, one chunk of users at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, Ties
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.pair_counts import PairCounts
from graphrec_cli.evaluation.metrics import MISS
from graphrec_cli.evaluation.scorer import Scorer

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutRanks:
    """The ranks of the held-out pairs, ordered by user, then item.

    Attributes:
        user_index, item_index: int32, shape (pairs,).
        rank: 0-based int64, shape (pairs,); ``metrics.MISS`` for a cold item counted as a miss.
        tied: whether another unmasked item has exactly the same score; shape (pairs,).
        catalog_size: items with a train interaction; only these are ranked.
        users_without_held_out: requested users without a held-out pair.
        users_without_train: users with held-out pairs but no train interaction; excluded.
        pairs_without_train: held-out pairs of those users.
        users_all_cold: users excluded because all their held-out items are cold.
        cold_pairs: held-out pairs of users with train interactions whose item has no train
            interaction; excluded, or counted as misses.
    """

    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    rank: NDArray[np.int64]
    tied: NDArray[np.bool_]
    catalog_size: int
    users_without_held_out: int
    users_without_train: int
    pairs_without_train: int
    users_all_cold: int
    cold_pairs: int

    def counts(self) -> dict[str, int | float]:
        """Users and pairs evaluated and excluded, and the share of ranked pairs that are tied."""
        ranked = int(np.count_nonzero(self.rank != MISS))
        return {
            "users_evaluated": len(np.unique(self.user_index)),
            "pairs_evaluated": len(self.rank),
            "users_without_held_out": self.users_without_held_out,
            "users_without_train": self.users_without_train,
            "pairs_without_train": self.pairs_without_train,
            "users_all_cold": self.users_all_cold,
            "cold_pairs": self.cold_pairs,
            "catalog_size": self.catalog_size,
            "tie_rate": int(np.count_nonzero(self.tied)) / max(ranked, 1),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutPairs:
    """The pairs to rank, and the pairs to mask.

    Attributes:
        held_out: the pairs to rank.
        train: defines the catalog; its pairs are always masked.
        masked: other parts to mask, such as validation when test is ranked; may include ``train``.
        users: rank the pairs of these users only; None for all.
    """

    held_out: UserItems
    train: UserItems
    masked: Sequence[UserItems] = ()
    users: NDArray[np.integer] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingRules:
    """How pairs are ranked.

    Attributes:
        tie_seed: random seed of the order among equal scores.
        ties: order among equal scores. Pessimistic and optimistic put the tied items that are not
            held out before and after those that are; a user's held-out items always get distinct
            ranks, in hash order.
        cold_items: how held-out items outside the catalog count.
        chunk_users: users scored at a time; None lets ``users_per_chunk`` choose. Either number is
            halved if memory runs out.
        device: where the scorer expects user indices and the items are ranked.
    """

    tie_seed: int
    ties: Ties = Ties.random
    cold_items: ColdItems = ColdItems.exclude
    chunk_users: int | None = None
    device: torch.device = CPU


def rank_held_out(scorer: Scorer, pairs: HeldOutPairs, rules: RankingRules) -> HeldOutRanks:
    """Rank every held-out item among the unmasked items of the catalog.

    The rank is the number of unmasked items with a higher score, plus the tied items that come
    first.

    Args:
        scorer: scores all items for a batch of users.

    Raises:
        DataError: a held-out pair is also masked.
        MemoryShortageError: the scores of a single user do not fit into memory.
        NonFiniteError: a score is NaN or infinite.
    """
    held_out, train = pairs.held_out, pairs.train
    asked = np.zeros(held_out.num_users, dtype=bool)
    asked[slice(None) if pairs.users is None else pairs.users] = True
    cold_item = train.item_degree == 0
    with_held_out = asked & (held_out.user_degree > 0)
    kept_user = with_held_out & (train.user_degree > 0)

    pair_user, pair_item = held_out.user_index(), held_out.item_index
    kept = kept_user[pair_user]
    cold = cold_item[pair_item]
    warm = kept & ~cold
    counts = PairCounts(
        MaskedScores(
            scorer,
            num_items=train.num_items,
            masked=[train, *(part for part in pairs.masked if part is not train)],
            cold_items=np.flatnonzero(cold_item),
            device=rules.device,
        ),
        user_index=pair_user[warm].astype(np.int64),
        item_index=pair_item[warm].astype(np.int64),
        tie_seed=rules.tie_seed,
        hash_ties=rules.ties is Ties.random,
    )
    counts.run(rules.chunk_users)
    rank = np.full(len(pair_user), MISS, dtype=np.int64)
    tied = np.zeros(len(pair_user), dtype=bool)
    rank[warm] = counts.ranks(rules.ties)
    tied[warm] = counts.equal > 0

    counted = warm if rules.cold_items is ColdItems.exclude else kept
    users_counted = len(np.unique(pair_user[counted]))
    return HeldOutRanks(
        user_index=pair_user[counted],
        item_index=pair_item[counted],
        rank=rank[counted],
        tied=tied[counted],
        catalog_size=int(np.count_nonzero(~cold_item)),
        users_without_held_out=int(np.count_nonzero(asked & ~with_held_out)),
        users_without_train=int(np.count_nonzero(with_held_out & ~kept_user)),
        pairs_without_train=int(np.count_nonzero(asked[pair_user] & ~kept)),
        users_all_cold=int(np.count_nonzero(kept_user)) - users_counted,
        cold_pairs=int(np.count_nonzero(kept & cold)),
    )
