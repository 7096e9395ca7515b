"""How many items are scored above each held-out pair, and the rank that follows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import Ties
from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys


class PairCounts:
    """Counts for the pairs to rank, ordered by user; all 0 at first.

    Attributes:
        user_index, item_index: the pairs, int64, shape (pairs,).
        score: the pair's own score, float64, shape (pairs,).
        higher: unmasked items with a higher score for the same user, int64, shape (pairs,).
        equal: other unmasked items with exactly the same score, int64, shape (pairs,).
        first: tied items that come before the pair's item in hash order, int64, shape (pairs,);
            counted only if ``hash_ties``.
    """

    def __init__(
        self,
        *,
        user_index: NDArray[np.int64],
        item_index: NDArray[np.int64],
        tie_seed: int,
        hash_ties: bool,
    ) -> None:
        self.user_index = user_index
        self.item_index = item_index
        self.hash_ties = hash_ties
        self.tie_seed = tie_seed
        self.score = np.zeros(len(user_index), dtype=np.float64)
        self.higher = np.zeros(len(user_index), dtype=np.int64)
        self.equal = np.zeros(len(user_index), dtype=np.int64)
        self.first = np.zeros(len(user_index), dtype=np.int64)

    def refuse_masked(self, pair: int) -> None:
        """Raise the error of a pair that is masked.

        Raises:
            DataError: always.
        """
        raise DataError(
            f"the held-out pair of user index {self.user_index[pair]} and item index "
            f"{self.item_index[pair]} is also in a masked part of the split; each pair must be in "
            "one part only"
        )

    def ranks(self, ties: Ties) -> NDArray[np.int64]:
        """Compute the 0-based rank of every pair from the counts; shape (pairs,)."""
        if ties is Ties.random:
            return self.higher + self.first
        keys = user_tie_keys(self.tie_seed, torch.from_numpy(self.user_index))
        hashes = tie_hash(keys, torch.from_numpy(self.item_index)).numpy()
        order = np.lexsort((hashes, self.score, self.user_index))
        user, score = self.user_index[order], self.score[order]
        opens = np.ones(len(order), dtype=bool)
        opens[1:] = (user[1:] != user[:-1]) | (score[1:] != score[:-1])
        start = np.flatnonzero(opens)
        group = np.cumsum(opens) - 1
        place = np.arange(len(order)) - start[group]
        if ties is Ties.pessimistic:
            own_tied = np.diff(start, append=len(order))[group]
            place += self.equal[order] + 1 - own_tied
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = self.higher[order] + place
        return rank
