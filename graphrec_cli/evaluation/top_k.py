"""The best items of every user, one chunk of users at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.user_chunks import in_chunks, users_per_chunk
from graphrec_cli.evaluation.scorer import ItemScorer, Scorer
from graphrec_cli.evaluation.top_of_items import top_of_items


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


@torch.no_grad()
def top_k(
    scorer: Scorer,
    users: NDArray[np.int64],
    *,
    k: int,
    item_degree: NDArray[np.int64],
    masked: Sequence[UserItems],
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
        chunk_users: users scored at a time; None lets ``users_per_chunk`` choose. Either number is
            halved if memory runs out.
        device: where the scorer expects user indices and the items are ranked.

    Raises:
        MemoryShortageError: the scores of a single user do not fit into memory.
        NonFiniteError: a score is NaN or infinite.
    """
    device = torch.device(device)
    if isinstance(scorer, ItemScorer):
        same = scorer.item_scores().cpu().numpy()
        length, items = top_of_items(same, users, k=k, item_degree=item_degree, masked=masked)
        return TopItems(length, items, same[items])
    scores = MaskedScores(
        scorer,
        num_items=len(item_degree),
        masked=masked,
        cold_items=np.flatnonzero(item_degree == 0),
        device=device,
    )
    by_popularity = torch.from_numpy(np.argsort(-item_degree, kind="stable")).to(device)
    chunks = in_chunks(
        users,
        lambda chunk: _top_of_rows(scores.rows(chunk), k, by_popularity),
        chunk_users or users_per_chunk(len(item_degree), device),
        release=scores.release,
    )
    score, item_index = (torch.cat(columns).cpu().numpy() for columns in zip(*chunks, strict=True))
    there = np.isfinite(score)
    return TopItems(there.sum(1), item_index[there], score[there])


def _top_of_rows(
    scores: Float[Tensor, "users items"], k: int, tie_order: Int64[Tensor, " items"]
) -> tuple[Float[Tensor, "users k"], Int64[Tensor, "users k"]]:
    """The k highest scores of every row and their items; ties in the order of ``tie_order``."""
    num_items = scores.shape[1]
    k = min(k, num_items)
    # The score at position k + 1 shows whether a tie crosses the cut-off.
    best, items = scores.topk(min(k + 1, num_items), dim=1)
    if k < num_items:
        cut = (best[:, k - 1] == best[:, k]) & torch.isfinite(best[:, k])
        best, items = best[:, :k], items[:, :k]
        if bool(cut.any()):
            rows = cut.nonzero()
            items[cut] = tie_order[_first_of_tied(scores[rows, tie_order], best[cut, -1:], k)]
            best = scores.gather(1, items)
    order = tie_order.argsort()[items].argsort(dim=1)
    best, items = best.gather(1, order), items.gather(1, order)
    best, order = best.sort(dim=1, descending=True, stable=True)
    return best, items.gather(1, order)


def _first_of_tied(
    scores: Float[Tensor, "users items"], lowest: Float[Tensor, "users 1"], k: int
) -> Int64[Tensor, "users k"]:
    """Places of the k best in rows in which a tie at the ``lowest`` score crosses the cut-off."""
    higher, equal = scores > lowest, scores == lowest
    remaining = k - higher.sum(1, keepdim=True)
    chosen = higher | (equal & (equal.cumsum(1) <= remaining))
    return chosen.nonzero()[:, 1].view(len(scores), k)
