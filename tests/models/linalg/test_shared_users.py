from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.linalg.shared_users import shared_users

HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


@given(HAS_ITEM, st.integers(1, 40))
def test_shared_users_are_counted_whatever_the_blocks(
    has: NDArray[np.bool_], values_at_a_time: int
) -> None:
    users, items = np.nonzero(has)
    train = UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])
    blocks = list(shared_users(train, values_at_a_time))
    assert [item for block, _ in blocks for item in range(block.start, block.stop)] == list(
        range(has.shape[1])
    )
    counts = np.concatenate([shared.toarray() for _, shared in blocks])
    assert np.array_equal(counts, has.T.astype(np.int64) @ has.astype(np.int64))
    size = max(1, values_at_a_time // has.shape[1])
    assert all(shared.shape[0] <= size for _, shared in blocks)
