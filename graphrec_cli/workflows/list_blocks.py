"""Lists of the best items, computed in blocks of users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.scorer import Scorer
from graphrec_cli.evaluation.top_k import top_k
from graphrec_cli.reporting.recommendations import Block
from graphrec_cli.workflows.saved_run import SavedRun

_BLOCK_ROWS = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRules:
    """What every list has to keep to.

    Attributes:
        k: items per list.
        exclude_seen: exclude the items that a user is known to have.
        popular_for_cold: recommend popular items to users without a train interaction, instead
            of an error.
        candidate: whether an item may be in a list, shape (items,).
    """

    k: int
    exclude_seen: bool
    popular_for_cold: bool
    candidate: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What lists are made for.

    Attributes:
        id: what each list is named by, shape (rows,); None for a user who is defined by items.
        index: the row of the scorer and of ``known``, int64, shape (rows,).
        cold: whether a row gets popular items, shape (rows,).
        known: items that are excluded, a row for each index.
    """

    id: NDArray[np.object_]
    index: NDArray[np.int64]
    cold: NDArray[np.bool_]
    known: Sequence[UserItems]


def blocks_of_lists(
    saved: SavedRun, scorer: Scorer, rows: Rows, rules: ListRules
) -> Iterator[Block]:
    """Yield the lists of a block of rows at a time."""
    size = max(1, _BLOCK_ROWS // rules.k)
    for start in range(0, len(rows.index), size):
        block = slice(start, start + size)
        top = top_k(
            scorer,
            rows.index[block],
            k=rules.k,
            item_degree=saved.split.train.item_degree,
            masked=rows.known if rules.exclude_seen else [],
            candidate=rules.candidate,
            device=saved.device,
        )
        yield Block(user_id=rows.id[block], cold=rows.cold[block], top=top)
