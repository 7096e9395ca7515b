"""Interactions from a list of pairs, and the pairs of a part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

# Imported late below: the shape checks hook into the first import of graphrec_cli.
if TYPE_CHECKING:
    from graphrec_cli.data.interactions import Interactions, UserItems

Pairs = list[tuple[int, int]]


@pytest.fixture(scope="session")
def interactions_of() -> Callable[..., Interactions]:
    """``interactions_of(pairs, time=..., rating=...)`` of 7 users and 12 items, or as many."""
    from graphrec_cli.data.idmap import IdMap
    from graphrec_cli.data.interactions import Interactions

    def make(
        pairs: Pairs,
        *,
        time: Sequence[int] | None = None,
        rating: Sequence[float] | None = None,
        num_users: int = 7,
        num_items: int = 12,
    ) -> Interactions:
        table = np.array(pairs, dtype=np.int32).reshape(-1, 2)
        return Interactions(
            user_index=table[:, 0],
            item_index=table[:, 1],
            rating=np.array([np.nan] * len(pairs) if rating is None else rating, dtype=np.float32),
            timestamp=None if time is None else np.array(time, dtype=np.int64),
            signal=np.zeros(len(pairs), dtype=np.int8),
            signal_names=("seen",),
            users=IdMap(np.arange(num_users) + 100),
            items=IdMap(np.arange(num_items) + 500),
        )

    return make


@pytest.fixture(scope="session")
def pairs_of() -> Callable[[UserItems | None], Pairs]:
    """The pairs of a part by user and item; empty for None."""

    def read(part: UserItems | None) -> Pairs:
        if part is None:
            return []
        return list(zip(part.user_index().tolist(), part.item_index.tolist(), strict=True))

    return read
