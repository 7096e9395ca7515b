"""Count, per held-out pair, the items scored above it and those tied with it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.evaluation import Ties
from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.exact_ranks.counts_above import CountsAbove
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.exact_ranks.user_chunks import in_chunks, users_per_chunk
from graphrec_cli.system.progress import progress

_TIE_BLOCK = {"cpu": 1 << 21, "cuda": 1 << 24}
_VALUES_A_PAIR = 5
"""Memory for a pair's threshold and its two counts, in float32 values."""


class PairCounts:
    """Counts for the pairs to rank, ordered by user.

    Attributes:
        score: the pair's own score, float64, shape (pairs,).
        higher: unmasked items with a higher score for the same user, int64, shape (pairs,).
        equal: other unmasked items with exactly the same score, int64, shape (pairs,).
        first: tied items that come before the pair's item in hash order, int64, shape (pairs,);
            counted only if ``hash_ties``.
    """

    def __init__(
        self,
        masked_scores: MaskedScores,
        *,
        user_index: NDArray[np.int64],
        item_index: NDArray[np.int64],
        tie_seed: int,
        hash_ties: bool,
    ) -> None:
        self.masked_scores = masked_scores
        self.user_index = user_index
        self.item_index = item_index
        self.hash_ties = hash_ties
        self.tie_seed = tie_seed
        self.device = masked_scores.device
        self.column = masked_scores.column[item_index]
        self.width = masked_scores.widths(user_index, self.column)
        self.score = np.zeros(len(user_index), dtype=np.float64)
        self.higher = np.zeros(len(user_index), dtype=np.int64)
        self.equal = np.zeros(len(user_index), dtype=np.int64)
        self.first = np.zeros(len(user_index), dtype=np.int64)
        self.above = CountsAbove()

    @torch.no_grad()
    def run(self, chunk_users: int | None, *, title: str) -> None:
        """Score all users and count.

        Args:
            chunk_users: users scored at a time; None lets ``users_per_chunk`` choose.
            title: what the progress is called.

        Raises:
            DataError: a pair is masked.
            MemoryShortageError: the scores of a single user do not fit into memory.
            NonFiniteError: a score is NaN or infinite.
        """
        users, start, pairs = np.unique(self.user_index, return_index=True, return_counts=True)
        widths = np.maximum.reduceat(self.width, start) if len(start) else start
        # Sorted so that the users of a chunk need nearly the same columns, then pairs.
        order = np.lexsort((-pairs, -widths))
        values_a_user = self.masked_scores.num_items + _VALUES_A_PAIR * int(pairs.max(initial=0))
        with progress(title, len(users)) as shown:
            in_chunks(
                order,
                lambda chunk: self._count(users[chunk], start[chunk], pairs[chunk]),
                chunk_users or users_per_chunk(values_a_user, self.device),
                release=self._release,
                advance=shown.update,
            )

    def _release(self) -> None:
        self.masked_scores.release()
        self.above.release()

    def _count(
        self, users: NDArray[np.int64], start: NDArray[np.int64], pairs: NDArray[np.int64]
    ) -> None:
        users, start, pairs = (
            chunk[np.argsort(-pairs, kind="stable")] for chunk in (users, start, pairs)
        )
        row = np.repeat(np.arange(len(users)), pairs)
        nth = np.arange(len(row)) - (np.cumsum(pairs) - pairs)[row]
        pair = start[row] + nth
        scores = self.masked_scores.rows(users, int(self.width[pair].max()))
        rows, places, columns = (
            torch.from_numpy(index).to(self.device) for index in (row, nth, self.column[pair])
        )
        own = scores[rows, columns]
        masked = torch.isneginf(own)
        if bool(masked.any()):
            self._refuse_masked(int(pair[masked.cpu().numpy()][0]))
        # Padding with infinity counts nothing, because every score is lower.
        thresholds = scores.new_full((len(users), int(pairs[0])), torch.inf)
        thresholds[rows, places] = own
        higher, at_least = self.above.count(scores, thresholds, pairs)
        higher = higher[rows, places]
        equal = at_least[rows, places] - higher - 1
        self.score[pair] = own.double().cpu().numpy()
        self.higher[pair] = higher.cpu().numpy()
        self.equal[pair] = equal.cpu().numpy()
        if self.hash_ties:
            user_index = torch.from_numpy(users).to(self.device)
            self._count_first(pair, scores, rows, own, equal, user_index)

    def _count_first(
        self,
        pair: NDArray[np.int64],
        scores: Tensor,
        rows: Tensor,
        own: Tensor,
        equal: Tensor,
        user_index: Tensor,
    ) -> None:
        """Count the tied items that come first in hash order, in blocks of bounded memory."""
        tied = equal.nonzero()[:, 0]
        if not len(tied):
            return
        items = torch.from_numpy(self.item_index[pair]).to(self.device)
        item_of = torch.from_numpy(self.masked_scores.order).to(self.device)
        for block in tied.split(max(1, _TIE_BLOCK[self.device.type] // scores.shape[1])):
            row, other = (scores[rows[block]] == own[block, None]).nonzero(as_tuple=True)
            keys = user_tie_keys(self.tie_seed, user_index[rows[block]])
            before = tie_hash(keys[row], item_of[other]) < tie_hash(keys, items[block])[row]
            first = torch.bincount(row[before], minlength=len(block))
            self.first[pair[block.cpu().numpy()]] = first.cpu().numpy()

    def _refuse_masked(self, pair: int) -> None:
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
