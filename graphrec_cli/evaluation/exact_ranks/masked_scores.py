"""Scores of chunks of users, with masked items set to minus infinity."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.norm_order import NormOrder
from graphrec_cli.evaluation.scorer import DotProductScorer, Scorer
from graphrec_cli.graph.csr_rows import take_rows
from graphrec_cli.models.linalg.blocked_product import multiply_into


class MaskedScores:
    """Rows of masked scores, one per user; all chunks share one buffer.

    Args:
        scorer: scores all items for a batch of users. With a ``NormOrder`` the columns are in its
            order, otherwise column and item are the same.
        num_items: number of items that are scored.
        masked: pairs to mask, with the scorer's indices.
        cold_items: items to mask for every user.
        device: where the scorer expects user indices.
    """

    def __init__(
        self,
        scorer: Scorer | NormOrder,
        *,
        num_items: int,
        masked: Sequence[UserItems],
        cold_items: NDArray[np.int64],
        device: torch.device,
    ) -> None:
        self.scorer = scorer
        self.num_items = num_items
        self.order = self.column = np.arange(num_items)
        if isinstance(scorer, NormOrder):
            self.order, self.column = scorer.order, scorer.column
        self.cold_columns = np.sort(self.column[cold_items])
        self.device = device
        self._column = torch.from_numpy(self.column).to(device)
        self._masked = [
            tuple(torch.from_numpy(array).to(device) for array in (part.indptr, part.item_index))
            for part in masked
        ]
        self._scores = torch.empty(0, device=device)

    def rows(self, users: NDArray[np.int64], width: int | None = None) -> Tensor:
        """Return masked scores of shape (users, width), valid until the next call.

        Args:
            users: user indices, shape (users,).
            width: leading columns to return, only with a ``NormOrder``; None for all.

        Raises:
            NonFiniteError: a score is NaN or infinite, even one that is masked.
        """
        width = self.num_items if width is None else width
        rows = torch.from_numpy(users).to(self.device)
        scores = self._scored(rows, width)
        # A sum takes one pass instead of two; it may overflow, so a non-finite sum is checked.
        if not math.isfinite(scores.sum().item()):
            _refuse_non_finite(scores, users)
        for pointers, items in self._masked:
            bounds, pairs = take_rows(pointers, rows)
            row = torch.repeat_interleave(bounds.diff())
            column = self._column.index_select(0, items.index_select(0, pairs))
            place = row.mul_(width).add_(column)
            if width < self.num_items:
                place = place[column < width]
            scores.view(-1).index_fill_(0, place, -torch.inf)
        cold = self.cold_columns[: np.searchsorted(self.cold_columns, width)]
        return scores.index_fill_(1, torch.from_numpy(cold).to(self.device), -torch.inf)

    def widths(self, user_index: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the leading columns that can reach the score of each pair; shape (pairs,)."""
        if isinstance(self.scorer, NormOrder):
            return self.scorer.widths(user_index, column)
        return np.full(len(column), self.num_items)

    def _scored(self, users: Int64[Tensor, " users"], width: int) -> Tensor:
        """Return scores in the buffer, where they can be masked."""
        if isinstance(self.scorer, NormOrder | DotProductScorer):
            user_table, item_table = self.scorer.product_tables()
            buffer = self._buffer(len(users), width, torch.float32)
            return multiply_into(user_table[users], item_table[:, :width], buffer)
        # Copied because the scorer may have returned a view of its own table.
        scores = self.scorer.score_users(users)
        return self._buffer(len(users), width, scores.dtype).copy_(scores)

    def _buffer(self, num_users: int, width: int, dtype: torch.dtype) -> Tensor:
        if self._scores.dtype is not dtype or len(self._scores) < num_users * width:
            self.release()
            self._scores = torch.empty(num_users * width, dtype=dtype, device=self.device)
        return self._scores[: num_users * width].view(num_users, width)

    def release(self) -> None:
        """Free the buffer, so that a smaller chunk takes less memory."""
        self._scores = torch.empty(0, device=self.device)


def _refuse_non_finite(scores: Tensor, users: NDArray[np.int64]) -> None:
    row = (~torch.isfinite(scores)).any(1).nonzero()
    if len(row):
        raise NonFiniteError(
            f"a score of user index {users[int(row[0, 0])]} is NaN or infinite; lower "
            "trainer.learning_rate, or check the checkpoint for non-finite values"
        )
