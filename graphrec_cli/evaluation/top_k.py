"""The best items of every user, one chunk of users at a time."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.norm_order import NormOrder
from graphrec_cli.evaluation.exact_ranks.user_chunks import in_chunks, users_per_chunk
from graphrec_cli.evaluation.scorer import ItemScorer, Scorer
from graphrec_cli.evaluation.top_of_items import top_of_items

_FIRST_SHARE, _FIRST_LISTS = 16, 4
"""With a ``NormOrder``, one of so many items, and at least so many times k, is scored first, to
bound the score of the k-th item."""


@dataclass(frozen=True, slots=True)
class TopItems:
    """Recommended items of several users, concatenated; each user's best item comes first.

    Attributes:
        length: number of items per user, int64, shape (users,).
        item_index: int64, shape (length.sum(),).
        score: in the dtype of the scorer, float32 or float64, shape (length.sum(),).
    """

    length: NDArray[np.int64]
    item_index: NDArray[np.int64]
    score: NDArray[np.floating]


def top_k(
    scorer: Scorer,
    users: NDArray[np.int64],
    *,
    k: int,
    item_degree: NDArray[np.int64],
    masked: Sequence[UserItems],
    candidate: NDArray[np.bool_] | None = None,
    chunk_users: int | None = None,
    device: torch.device | str = "cpu",
) -> TopItems:
    """Find the k items with the highest scores; of equal scores the most popular item comes first.

    Args:
        scorer: scores all items for a batch of users.
        users: user indices, at least one, in any order; shape (users,).
        k: items per user; a user with fewer candidates gets all of them.
        item_degree: train interactions of each item, shape (items,). Only items with one are
            recommended. Of equal scores the item with more comes first, then the smaller index.
        masked: pairs that are excluded.
        candidate: whether an item may be recommended, shape (items,); None for all.
        chunk_users: users scored at a time; None lets ``users_per_chunk`` choose. Either number is
            halved if memory runs out.
        device: where the scorer expects user indices and the items are ranked.

    Raises:
        MemoryShortageError: the scores of a single user do not fit into memory.
        NonFiniteError: a score is NaN or infinite.
    """
    if candidate is not None:
        item_degree = np.where(candidate, item_degree, 0)
    if isinstance(scorer, ItemScorer):
        scores = scorer.item_scores().cpu().numpy()
        length, items = top_of_items(scores, users, k=k, item_degree=item_degree, masked=masked)
        return TopItems(length, items, scores[items])
    finder = TopFinder(
        scorer, k=k, item_degree=item_degree, masked=masked, device=torch.device(device)
    )
    return finder.find(users, chunk_users)


class TopFinder:
    """Finds the best items of users; arguments as in ``top_k``.

    Args:
        scorer: with a ``NormOrder``, items that a bound on their scores leaves out are not scored.
    """

    def __init__(
        self,
        scorer: Scorer | NormOrder,
        *,
        k: int,
        item_degree: NDArray[np.int64],
        masked: Sequence[UserItems],
        device: torch.device,
    ) -> None:
        self.scores = MaskedScores(
            scorer,
            num_items=len(item_degree),
            masked=masked,
            cold_items=np.flatnonzero(item_degree == 0),
            device=device,
        )
        self.k = min(k, len(item_degree))
        self.device = device
        # A stable sort of items, so that the smaller index comes first.
        place = np.argsort(np.argsort(-item_degree, kind="stable"))
        self._item = torch.from_numpy(self.scores.order).to(device)
        self._tie_place = torch.from_numpy(place[self.scores.order]).to(device)

    def for_k(self, k: int) -> TopFinder:
        """A finder of k items. It shares the memory of this one, so only one works at a time."""
        other = copy(self)
        other.k = min(k, len(self._item))
        return other

    @torch.no_grad()
    def find(self, users: NDArray[np.int64], chunk_users: int | None = None) -> TopItems:
        """Find the best items of ``users``, at least one.

        Raises:
            MemoryShortageError: the scores of a single user do not fit into memory.
            NonFiniteError: a score is NaN or infinite.
        """
        # Finding out the free memory takes longer than the list of one user.
        one = 1 if len(users) == 1 else None
        size = chunk_users or one or users_per_chunk(self.scores.num_items, self.device)
        widths = self._widths(users, size)
        # Sorted so that the users of a chunk need nearly the same columns.
        order = np.argsort(-widths, kind="stable")
        chunks = in_chunks(
            order,
            lambda chunk: self._top(users[chunk], int(widths[chunk].max())),
            size,
            release=self.scores.release,
        )
        back = np.argsort(order)
        best, columns = (torch.cat(part)[back] for part in zip(*chunks, strict=True))
        score, item_index = best.cpu().numpy(), self._item[columns].cpu().numpy()
        there = np.isfinite(score)
        return TopItems(there.sum(1), item_index[there], score[there])

    def _widths(self, users: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Leading columns that contain the best k items of each user and those tied with them."""
        number = self.scores.num_items
        first = max(number // _FIRST_SHARE, _FIRST_LISTS * self.k)
        if not isinstance(self.scores.scorer, NormOrder) or first >= number:
            return np.full(len(users), number)

        def widths(chunk: NDArray[np.int64]) -> NDArray[np.int64]:
            score, column = self.scores.rows(chunk, first).topk(self.k, dim=1)
            found = self.scores.widths(chunk, column[:, -1].cpu().numpy())
            # At least one column more shows whether a tie crosses the cut-off.
            found = np.minimum(np.maximum(found, self.k + 1), number)
            return np.where(torch.isfinite(score[:, -1]).cpu().numpy(), found, number)

        return np.concatenate(in_chunks(users, widths, size, release=self.scores.release))

    def _top(
        self, users: NDArray[np.int64], width: int
    ) -> tuple[Float[Tensor, "users k"], Int64[Tensor, "users k"]]:
        """The k highest scores of every user and their columns, best first."""
        scores, tie_place = self.scores.rows(users, width), self._tie_place[:width]
        # The score at position k + 1 shows whether a tie crosses the cut-off.
        best, columns = scores.topk(min(self.k + 1, width), dim=1)
        if self.k < width:
            cut = (best[:, self.k - 1] == best[:, self.k]) & torch.isfinite(best[:, self.k])
            best, columns = best[:, : self.k], columns[:, : self.k]
            if bool(cut.any()):
                tie_order = tie_place.argsort()
                tied = scores[cut.nonzero(), tie_order]
                columns[cut] = tie_order[_first_of_tied(tied, best[cut, -1:], self.k)]
                best = scores.gather(1, columns)
        order = tie_place[columns].argsort(dim=1)
        best, columns = best.gather(1, order), columns.gather(1, order)
        best, order = best.sort(dim=1, descending=True, stable=True)
        return best, columns.gather(1, order)


def _first_of_tied(
    scores: Float[Tensor, "users items"], lowest: Float[Tensor, "users 1"], k: int
) -> Int64[Tensor, "users k"]:
    """Places of the k best in rows in which a tie at the ``lowest`` score crosses the cut-off."""
    higher, equal = scores > lowest, scores == lowest
    remaining = k - higher.sum(1, keepdim=True)
    chosen = higher | (equal & (equal.cumsum(1) <= remaining))
    return chosen.nonzero()[:, 1].view(len(scores), k)
