"""A split of a few pairs."""

from __future__ import annotations

import numpy as np
import pytest

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split


@pytest.fixture(scope="session")
def small_split() -> Split:
    """4 users and 5 items: 7 train, 3 valid and 2 test pairs; an item has no train pair."""

    def part(*pairs: tuple[int, int]) -> UserItems:
        users, items = np.array(pairs).T
        return UserItems.from_pairs(users, items, num_users=4, num_items=5)

    return Split(
        train=part((0, 0), (0, 1), (1, 0), (2, 2), (2, 3), (3, 3), (3, 0)),
        valid=part((0, 2), (1, 1), (1, 2)),
        test=part((0, 3), (3, 4)),
        users=IdMap(np.arange(4)),
        items=IdMap(np.arange(5)),
    )
