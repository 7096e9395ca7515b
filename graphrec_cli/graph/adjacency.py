"""From train interactions to the normalized adjacency of the user-item graph."""

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
    """The two blocks of D^-1/2 A D^-1/2 that are not zero; each is the other's transpose.

    They are kept apart because item rows, which gather from the larger table, cost several times
    as much as user rows: each product is then shared out evenly among the threads.

    Attributes:
        user_item: sparse CSR, shape (users, items).
        item_user: sparse CSR, shape (items, users).
    """

    user_item: Float[Tensor, "users items"]
    item_user: Float[Tensor, "items users"]

    @property
    def num_users(self) -> int:
        """Users; the items follow them in a table of all nodes."""
        return self.user_item.shape[0]

    def to(self, dtype: torch.dtype) -> NormalizedAdjacency:
        """The same entries, rounded to another precision."""
        return NormalizedAdjacency(*(block.to(dtype) for block in self))


def normalized_adjacency(train: UserItems, device: torch.device) -> NormalizedAdjacency:
    """D^-1/2 A D^-1/2 of the bipartite graph of the train pairs (Kipf and Welling, ICLR 2017).

    Nodes are users and items. A node without an edge has an empty row.

    Returns:
        float32 blocks on ``device``; indices are int32 where they fit.
    """
    # An isolated node has no edge that its scale could reach, so 1 serves instead of infinity.
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
    """A sparse CSR matrix.

    Args:
        pointers: where each row begins, and where the last one ends; ``shape[0]`` + 1 of them.
        check: look at every index first; without it a wrong one can crash the process.
    """
    with warnings.catch_warnings():
        # torch calls its CSR layout beta, once per process; the operations used here are tested.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            pointers, indices, values, size=shape, check_invariants=check
        )
