"""Scores of chunks of users, with masked items set to minus infinity."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.scorer import BufferedScorer, Scorer


class MaskedScores:
    """Rows of masked scores, one per user; all chunks share one buffer.

    Args:
        scorer: scores all items for a batch of users.
        num_items: number of items that are scored.
        masked: pairs to mask, with the scorer's indices.
        cold_items: items to mask for every user.
        device: where the scorer expects user indices.
    """

    def __init__(
        self,
        scorer: Scorer,
        *,
        num_items: int,
        masked: Sequence[UserItems],
        cold_items: NDArray[np.int64],
        device: torch.device,
    ) -> None:
        self.scorer = scorer
        self.num_items = num_items
        self.masked = masked
        self.cold_items = torch.from_numpy(cold_items).to(device)
        self.device = device
        self._scores = torch.empty(0, 0, device=device)

    def rows(self, users: NDArray[np.int64]) -> Tensor:
        """Return masked scores of shape (users, items), valid until the next call.

        Raises:
            NonFiniteError: a score is NaN or infinite, even one that is masked.
        """
        scores = self._scored(users)
        # A sum takes one pass instead of two; it may overflow, so a non-finite sum is checked.
        if not math.isfinite(scores.sum().item()):
            _refuse_non_finite(scores, users)
        for part in self.masked:
            seen = torch.from_numpy(_positions(part, users)).to(self.device)
            scores.view(-1).index_fill_(0, seen, -torch.inf)
        return scores.index_fill_(1, self.cold_items, -torch.inf)

    def _scored(self, users: NDArray[np.int64]) -> Tensor:
        """Return scores in the buffer, where they can be masked."""
        user_index = torch.from_numpy(users).to(self.device)
        if isinstance(self.scorer, BufferedScorer):
            scores = self._buffer(len(users), torch.float32)
            self.scorer.score_users_into(user_index, scores)
            return scores
        # Copied because the scorer may have returned a view of its own table.
        scores = self.scorer.score_users(user_index)
        return self._buffer(len(users), scores.dtype).copy_(scores)

    def _buffer(self, num_users: int, dtype: torch.dtype) -> Tensor:
        if self._scores.dtype is not dtype or len(self._scores) < num_users:
            self.release()
            self._scores = torch.empty(num_users, self.num_items, dtype=dtype, device=self.device)
        return self._scores[:num_users]

    def release(self) -> None:
        """Free the buffer, so that a smaller chunk takes less memory."""
        self._scores = torch.empty(0, 0, device=self.device)


def _refuse_non_finite(scores: Tensor, users: NDArray[np.int64]) -> None:
    row = (~torch.isfinite(scores)).any(1).nonzero()
    if len(row):
        raise NonFiniteError(
            f"a score of user index {users[int(row[0, 0])]} is NaN or infinite; lower "
            "trainer.learning_rate, or check the checkpoint for non-finite values"
        )


def _positions(part: UserItems, users: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the users' items in the flattened (users, num_items) score matrix."""
    degree = part.user_degree[users]
    row = np.repeat(np.arange(len(users)), degree)
    first = np.cumsum(degree) - degree
    place = np.arange(len(row)) + (part.indptr[users] - first)[row]
    return row * part.num_items + part.item_index[place]
