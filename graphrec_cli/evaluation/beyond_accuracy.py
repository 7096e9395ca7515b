"""What the lists of a model look like beyond accuracy, and whom it serves worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.norm_order import ordered_by_norm
from graphrec_cli.evaluation.list_figures import ListFigures
from graphrec_cli.evaluation.scorer import ItemScorer, Scorer
from graphrec_cli.evaluation.top_k import TopFinder, TopItems, top_k
from graphrec_cli.system.progress import progress

_BLOCK_ITEMS = 1 << 18
"""Recommended items at a time. A fixed number, so that the sums do not depend on the machine."""

DEFINITIONS = {
    "top_k": "the k best items of each user whom the metrics count, masked as for rank; of equal "
    "scores the item with more train interactions comes first, then the smaller index",
    "coverage@k": "share of the items with a train interaction that are in a list",
    "gini@k": "Gini coefficient of how often each item with a train interaction is in a list",
    "popularity@k": "train interactions of an item, mean over lists of the mean over their items",
    "popularity_percentile@k": "the same of the share of items with fewer train interactions and "
    "half of those with as many",
    "novelty@k": "the same of -log2(train users with the item / train users)",
    "diversity@k": "1 - cosine similarity of the attribute sets of two items, mean over lists of "
    "the mean over pairs of items that have attributes",
    "by_activity": "metrics of thirds of the users by train interactions, users with as many in "
    "the same third; gap: best - worst third",
}
"""What the keys of ``BeyondAccuracy`` mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondAccuracy:
    """Figures of one model.

    Attributes:
        lists: of ``ListFigures``, by key.
        by_activity: metrics of the ``head``, ``middle`` and ``tail`` of the users, and their
            ``gap``.
    """

    lists: dict[str, float]
    by_activity: dict[str, dict[str, float]]


def list_figures(
    scorer: Scorer,
    users: NDArray[np.int64],
    *,
    train: UserItems,
    masked: Sequence[UserItems],
    ks: Sequence[int],
    attributes: ItemAttributes | None,
    chunk_users: int | None,
    device: torch.device,
    title: str,
) -> dict[str, float]:
    """Make the lists of ``users`` and compute their figures.

    Args:
        scorer: ready to score.
        users: ascending, shape (users,).
        train: defines the catalog and the popularity of its items.
        masked: parts whose pairs are not recommended.
        ks: lengths of the lists, ascending.
        chunk_users: users scored at a time; None lets ``top_k`` choose.
        device: where the scorer expects user indices.
        title: what the progress is called.

    Raises:
        MemoryShortageError: the scores of a single user do not fit into memory.
        NonFiniteError: a score is NaN or infinite.
    """
    figures = ListFigures(
        item_degree=train.item_degree,
        num_users=int(np.count_nonzero(train.user_degree)),
        ks=ks,
        attributes=None if attributes is None else (attributes.indptr, attributes.index),
    )
    find = _finder(scorer, max(ks), train, masked, chunk_users, device)
    size = max(1, _BLOCK_ITEMS // max(ks))
    with progress(title, len(users)) as shown:
        for start in range(0, len(users), size):
            block = users[start : start + size]
            top = find(block)
            figures.add(top.length, top.item_index)
            shown.update(len(block))
    return figures.result()


def _finder(
    scorer: Scorer,
    k: int,
    train: UserItems,
    masked: Sequence[UserItems],
    chunk_users: int | None,
    device: torch.device,
) -> Callable[[NDArray[np.int64]], TopItems]:
    """What makes the lists of some users; all blocks of users share its tables."""
    degree = train.item_degree
    if isinstance(scorer, ItemScorer):
        return partial(top_k, scorer, k=k, item_degree=degree, masked=masked)
    ordered = ordered_by_norm(scorer)
    finder = TopFinder(ordered, k=k, item_degree=degree, masked=masked, device=device)
    return partial(finder.find, chunk_users=chunk_users)
