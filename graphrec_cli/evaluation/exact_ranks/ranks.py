"""Exact ranks of held-out items in the whole catalog, one chunk of users at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import ColdItems, Ties
from graphrec_cli.data.distinct import distinct
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.distributed.processes import ONE_PROCESS
from graphrec_cli.evaluation.exact_ranks.counts_by_item import CountsByItem
from graphrec_cli.evaluation.exact_ranks.counts_by_user import CountsByUser
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.norm_order import ordered_by_norm
from graphrec_cli.evaluation.exact_ranks.pair_counts import PairCounts
from graphrec_cli.evaluation.exact_ranks.pair_selection import PairSelection, select_pairs
from graphrec_cli.evaluation.metrics import MISS
from graphrec_cli.evaluation.scorer import ItemScorer, Scorer, SharedScorer

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutRanks:
    """The ranks of the held-out pairs, ordered by user, then item.

    Attributes:
        user_index, item_index: int32, shape (pairs,).
        rank: 0-based int64, shape (pairs,); ``metrics.MISS`` for a cold item counted as a miss.
        tied: whether another unmasked item has exactly the same score; shape (pairs,).
        candidates: number of unmasked items of each user with a ranked pair, int64,
            shape (ranked users,).
        counts: users and pairs held out and evaluated, and those excluded by cause. ``cold_pairs``
            have an item without a train interaction: they are excluded, or counted as misses. Only
            the ``catalog_size`` items with one are ranked. ``tie_rate`` is the share of ranked
            pairs that are tied.
    """

    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    rank: NDArray[np.int64]
    tied: NDArray[np.bool_]
    candidates: NDArray[np.int64]
    counts: dict[str, int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutPairs:
    """The pairs to rank, and the pairs to mask.

    Attributes:
        held_out: the pairs to rank.
        train: defines the catalog; its pairs are always masked.
        masked: other parts to mask, such as validation when test is ranked; may include ``train``.
            The parts share no pair.
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


def rank_held_out(
    scorer: Scorer, pairs: HeldOutPairs, rules: RankingRules, *, title: str = "ranking"
) -> HeldOutRanks:
    """Rank every held-out item among the unmasked items of the catalog.

    The rank is the number of unmasked items with a higher score, plus the tied items that come
    first.

    Args:
        scorer: scores all items for a batch of users.
        title: what the progress is called.

    Raises:
        DataError: a held-out pair is also masked.
        MemoryShortageError: the scores of a single user do not fit into memory.
        NonFiniteError: a score is NaN or infinite.
    """
    train = pairs.train
    others = [part for part in pairs.masked if part is not train]
    selected = select_pairs(pairs.held_out, train, others, pairs.users, rules.cold_items)
    warm = selected.warm
    counts = PairCounts(
        user_index=selected.user_index[warm].astype(np.int64),
        item_index=selected.item_index[warm].astype(np.int64),
        tie_seed=rules.tie_seed,
        hash_ties=rules.ties is Ties.random,
    )
    masked, cold_items = [train, *others], np.flatnonzero(train.item_degree == 0)
    if isinstance(scorer, ItemScorer):
        CountsByItem(counts, scorer.item_scores(), masked=masked, cold_items=cold_items).run()
    else:
        masked_scores = MaskedScores(
            ordered_by_norm(scorer),
            num_items=train.num_items,
            masked=masked,
            cold_items=cold_items,
            device=rules.device,
        )
        processes = scorer.processes if isinstance(scorer, SharedScorer) else ONE_PROCESS
        CountsByUser(counts, masked_scores).run(rules.chunk_users, title=title, processes=processes)
    rank = np.full(len(warm), MISS, dtype=np.int64)
    tied = np.zeros(len(warm), dtype=bool)
    rank[warm] = counts.ranks(rules.ties)
    tied[warm] = counts.equal > 0
    return ranks_of(selected, rank, tied)


def ranks_of(
    selected: PairSelection, rank: NDArray[np.int64], tied: NDArray[np.bool_]
) -> HeldOutRanks:
    """The ranks of the pairs that count.

    Args:
        selected: the held-out pairs of a part.
        rank: of every pair, ``metrics.MISS`` for one that is not ranked, shape (pairs,).
        tied: whether the pair is ranked and another item has the same score, shape (pairs,).
    """
    counted, warm = selected.counted, selected.warm
    tie_rate = int(np.count_nonzero(tied)) / max(int(np.count_nonzero(warm)), 1)
    return HeldOutRanks(
        user_index=selected.user_index[counted],
        item_index=selected.item_index[counted],
        rank=rank[counted],
        tied=tied[counted],
        candidates=selected.candidates[distinct(selected.user_index[warm])],
        counts=selected.counts | {"tie_rate": tie_rate},
    )
