"""The normalized adjacency of the user-item graph of the train pairs."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.stable_order import stable_order


class NormalizedAdjacency(NamedTuple):
    """The two nonzero blocks of D^-1/2 A D^-1/2; each is the other's transpose.

    They are stored separately because item rows, which gather from the larger table, cost several
    times as much as user rows, so each product is divided evenly among the threads.

    Attributes:
        user_item: sparse CSR, shape (users, items).
        item_user: sparse CSR, shape (items, users).
    """

    user_item: Float[Tensor, "users items"]
    item_user: Float[Tensor, "items users"]

    @property
    def num_users(self) -> int:
        """Number of users; items follow them in a table of all nodes."""
        return self.user_item.shape[0]

    def to(self, dtype: torch.dtype) -> NormalizedAdjacency:
        """Convert the values to ``dtype``."""
        return NormalizedAdjacency(*(block.to(dtype) for block in self))


def normalized_adjacency(train: UserItems, device: torch.device) -> NormalizedAdjacency:
    """Compute D^-1/2 A D^-1/2 of the bipartite train graph (Kipf and Welling, ICLR 2017).

    Nodes are users and items. A node without an edge has an empty row.

    Returns:
        float32 blocks on ``device``; indices are int32 if they fit, else int64.
    """
    # Clamped to avoid infinity; the scale of a node without edges is never used.
    user_scale = 1.0 / np.sqrt(np.maximum(train.user_degree, 1))
    item_scale = 1.0 / np.sqrt(np.maximum(train.item_degree, 1))
    users, items = train.user_index(), train.item_index
    values = (user_scale[users] * item_scale[items]).astype(np.float32)
    by_item = stable_order(items)
    item_indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(train.item_degree)])
    shape = (train.num_users, train.num_items)
    return NormalizedAdjacency(
        _from_arrays(train.indptr, items, values, shape, device),
        _from_arrays(item_indptr, users[by_item], values[by_item], shape[::-1], device),
    )


def _from_arrays(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    values: NDArray[np.float32],
    shape: tuple[int, ...],
    device: torch.device,
) -> Tensor:
    index_type = np.int32 if len(indices) <= np.iinfo(np.int32).max else np.int64
    return csr(
        torch.from_numpy(indptr.astype(index_type)),
        torch.from_numpy(indices.astype(index_type)),
        torch.from_numpy(values),
        shape,
        check=True,
    ).to(device)


def csr(
    pointers: Int[Tensor, " bounds"],
    indices: Int[Tensor, " entries"],
    values: Float[Tensor, " entries"],
    shape: tuple[int, ...],
    *,
    check: bool = False,
) -> Float[Tensor, "rows columns"]:
    """Build a sparse CSR matrix.

    Args:
        pointers: start of each row, then the end of the last; ``shape[0]`` + 1 entries.
        check: validate the indices; without it a wrong index can crash the process.
    """
    with warnings.catch_warnings():
        # torch warns once per process that CSR is in beta; the operations used here are tested.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        # torch 2.11 warns that invariants are not checked although ``check_invariants`` is given.
        warnings.filterwarnings("ignore", message="Sparse invariant checks are implicitly disabled")
        return torch.sparse_csr_tensor(
            pointers, indices, values, size=shape, check_invariants=check
        )
