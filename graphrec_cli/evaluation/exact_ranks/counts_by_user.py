"""Count the items scored above each held-out pair and those tied with it, user by user."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.evaluation.exact_ranks.counts_above import CountsAbove
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.pair_counts import PairCounts
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.exact_ranks.user_chunks import in_chunks, users_per_chunk
from graphrec_cli.system.progress import progress

_TIE_BLOCK = {"cpu": 1 << 21, "cuda": 1 << 24}
_VALUES_A_PAIR = 5
"""Memory for a pair's threshold and its two counts, in float32 values."""


class CountsByUser:
    """Scores all items for the users of a chunk, and counts those of each pair."""

    def __init__(self, counts: PairCounts, masked_scores: MaskedScores) -> None:
        """Prepare to fill ``counts``."""
        self.counts = counts
        self.masked_scores = masked_scores
        self.device = masked_scores.device
        self.column = masked_scores.column[counts.item_index]
        self.width = masked_scores.widths(counts.user_index, self.column)
        self.above = CountsAbove()

    @torch.no_grad()
    def run(
        self, chunk_users: int | None, *, title: str, processes: Processes = ONE_PROCESS
    ) -> None:
        """Score all users and count.

        Args:
            chunk_users: users scored at a time; None lets ``users_per_chunk`` choose.
            title: what the progress is called.
            processes: those that count some users each.

        Raises:
            DataError: a pair is masked.
            MemoryShortageError: the scores of a single user do not fit into memory.
            NonFiniteError: a score is NaN or infinite.
        """
        users, start, pairs = np.unique(
            self.counts.user_index, return_index=True, return_counts=True
        )
        widths = np.maximum.reduceat(self.width, start) if len(start) else start
        # Sorted so that the users of a chunk need nearly the same columns, then pairs.
        order = processes.share(np.lexsort((-pairs, -widths)))
        values_a_user = self.masked_scores.num_items + _VALUES_A_PAIR * int(pairs.max(initial=0))
        with progress(title, len(order)) as shown:
            in_chunks(
                order,
                lambda chunk: self._count(users[chunk], start[chunk], pairs[chunk]),
                chunk_users or users_per_chunk(values_a_user, self.device),
                release=self._release,
                advance=shown.update,
            )
        filled = self.counts
        processes.add_counts(filled.score, filled.higher, filled.equal, filled.first)

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
            self.counts.refuse_masked(int(pair[masked.cpu().numpy()][0]))
        # Padding with infinity counts nothing, because every score is lower.
        thresholds = scores.new_full((len(users), int(pairs[0])), torch.inf)
        thresholds[rows, places] = own
        higher, at_least = self.above.count(scores, thresholds, pairs)
        higher = higher[rows, places]
        equal = at_least[rows, places] - higher - 1
        self.counts.score[pair] = own.double().cpu().numpy()
        self.counts.higher[pair] = higher.cpu().numpy()
        self.counts.equal[pair] = equal.cpu().numpy()
        if self.counts.hash_ties:
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
        items = torch.from_numpy(self.counts.item_index[pair]).to(self.device)
        item_of = torch.from_numpy(self.masked_scores.order).to(self.device)
        for block in tied.split(max(1, _TIE_BLOCK[self.device.type] // scores.shape[1])):
            row, other = (scores[rows[block]] == own[block, None]).nonzero(as_tuple=True)
            keys = user_tie_keys(self.counts.tie_seed, user_index[rows[block]])
            before = tie_hash(keys[row], item_of[other]) < tie_hash(keys, items[block])[row]
            first = torch.bincount(row[before], minlength=len(block))
            self.counts.first[pair[block.cpu().numpy()]] = first.cpu().numpy()
