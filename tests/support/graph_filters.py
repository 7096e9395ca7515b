"""Graphs for the tests of graph filters."""

from __future__ import annotations

import numpy as np
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems

HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def train_of(has: NDArray[np.bool_]) -> UserItems:
    """The pairs (user, item) that are true."""
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


def normalized(has: NDArray[np.bool_]) -> NDArray[np.float64]:
    """D_U^-1/2 X D_I^-1/2; rows and columns without a pair are 0."""
    x = has.astype(np.float64)
    return np.asarray(
        x / np.sqrt(np.maximum(x.sum(1), 1))[:, None] / np.sqrt(np.maximum(x.sum(0), 1))
    )


def cut_is_clear(has: NDArray[np.bool_], number: int) -> bool:
    """Whether the singular values differ where they are cut off."""
    values = np.append(np.linalg.svd(normalized(has), compute_uv=False), 0)
    return number >= len(values) or bool(values[number - 1] - values[number] > 1e-3)


def community_graph() -> NDArray[np.bool_]:
    """400 users and 350 items in 6 communities."""
    generator = np.random.default_rng(5)
    same = np.equal.outer(np.arange(400) % 6, np.arange(350) % 6)
    return np.asarray(generator.random((400, 350)) < np.where(same, 0.3, 0.02))
