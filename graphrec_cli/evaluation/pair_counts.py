"""What a rank is made of, counted for every held-out pair while chunks of users go by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.evaluation import Ties
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.evaluation.masked_scores import MaskedScores, users_per_chunk
from graphrec_cli.evaluation.scorer import Scorer
from graphrec_cli.evaluation.tie_order import tie_hash, user_tie_keys

_TIE_BLOCK = 1 << 21


class PairCounts:
    """Counts of the pairs to rank, one place a pair, the pairs ordered by user.

    Attributes:
        score: the pair's own score, float64, shape (pairs,).
        higher: unmasked items of its user with a higher score, int64, shape (pairs,).
        equal: other unmasked items of its user with the very same score, int64, shape (pairs,).
        first: those among the equal that the hash puts first, int64, shape (pairs,); counted
            only if ``hash_ties``.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        user_index: NDArray[np.int64],
        item_index: NDArray[np.int64],
        masked: Sequence[UserItems],
        cold_items: NDArray[np.int64],
        tie_seed: int,
        hash_ties: bool,
        device: torch.device,
    ) -> None:
        self.masked_scores = MaskedScores(
            scorer, masked=masked, cold_items=cold_items, device=device
        )
        self.num_items = masked[0].num_items
        self.user_index = user_index
        self.item_index = item_index
        self.hash_ties = hash_ties
        self.tie_seed = tie_seed
        self.device = device
        self.score = np.zeros(len(user_index), dtype=np.float64)
        self.higher = np.zeros(len(user_index), dtype=np.int64)
        self.equal = np.zeros(len(user_index), dtype=np.int64)
        self.first = np.zeros(len(user_index), dtype=np.int64)
        self._comparison = torch.empty(0, 0, dtype=torch.bool, device=device)

    @torch.no_grad()
    def run(self, chunk_users: int | None) -> None:
        """Score and count; None takes 4 MB of float32 scores at a time on a CPU, 128 MB on CUDA.

        Raises:
            DataError: a pair is masked.
            NonFiniteError: a score is NaN or infinite.
        """
        if chunk_users is None:
            chunk_users = users_per_chunk(self.num_items, self.device)
        users, start, pairs = np.unique(self.user_index, return_index=True, return_counts=True)
        # Users with many pairs first: those with an n-th pair are then a prefix of the chunk.
        order = np.argsort(-pairs, kind="stable")
        for chunk in np.split(order, range(chunk_users, len(order), chunk_users)):
            if len(chunk):
                self._count(users[chunk], start[chunk], pairs[chunk])

    def _count(
        self, users: NDArray[np.int64], start: NDArray[np.int64], pairs: NDArray[np.int64]
    ) -> None:
        user_index = torch.from_numpy(users).to(self.device)
        scores = self.masked_scores.rows(users)
        for nth in range(int(pairs[0])):
            num_rows = int(np.count_nonzero(pairs > nth))
            pair = start[:num_rows] + nth
            item = torch.from_numpy(self.item_index[pair]).to(self.device)
            rows = scores[:num_rows]
            own = rows.gather(1, item[:, None])
            if bool(torch.isneginf(own).any()):
                self._refuse_masked(int(pair[torch.isneginf(own[:, 0]).cpu().numpy()][0]))
            marks = self._marks(rows)
            higher = _row_sums(torch.gt(rows, own, out=marks))
            equal = _row_sums(torch.ge(rows, own, out=marks)) - higher - 1
            self.score[pair] = own[:, 0].double().cpu().numpy()
            self.higher[pair] = higher.cpu().numpy()
            self.equal[pair] = equal.cpu().numpy()
            if self.hash_ties:
                self._count_first(pair, rows, own, equal, user_index[:num_rows], item)

    def _count_first(
        self,
        pair: NDArray[np.int64],
        rows: Tensor,
        own: Tensor,
        equal: Tensor,
        user_index: Tensor,
        item: Tensor,
    ) -> None:
        """Count the ties that the hash puts first, in blocks whose memory is bounded."""
        tied_rows = equal.nonzero()[:, 0]
        for block in tied_rows.split(max(1, _TIE_BLOCK // rows.shape[1])):
            row, other = (rows[block] == own[block]).nonzero(as_tuple=True)
            keys = user_tie_keys(self.tie_seed, user_index[block])
            before = tie_hash(keys[row], other) < tie_hash(keys, item[block])[row]
            first = torch.bincount(row[before], minlength=len(block))
            self.first[pair[block.cpu().numpy()]] = first.cpu().numpy()

    def _marks(self, rows: Tensor) -> Tensor:
        """Room for a boolean a score, kept from chunk to chunk: fresh memory costs page faults."""
        if len(self._comparison) < len(rows):
            self._comparison = torch.empty_like(rows, dtype=torch.bool)
        return self._comparison[: len(rows)]

    def _refuse_masked(self, pair: int) -> None:
        raise DataError(
            f"user index {self.user_index[pair]} holds out item index {self.item_index[pair]}, "
            "which is in a masked part of the split too; a pair may be in one part only"
        )

    def ranks(self, ties: Ties) -> NDArray[np.int64]:
        """The 0-based rank of every pair, from what was counted; shape (pairs,)."""
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


def _row_sums(marks: Tensor) -> Tensor:
    # Bytes summed to int32 are vectorised; booleans, and torch's default of int64, are not.
    return marks.view(torch.uint8).sum(1, dtype=torch.int32)
