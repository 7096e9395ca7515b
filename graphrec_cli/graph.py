"""From train interactions to the normalized adjacency of the user-item graph."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from graphrec_cli.data.interactions import UserItems


def normalized_adjacency(train: UserItems, device: torch.device) -> Tensor:
    """D^-1/2 A D^-1/2 of the bipartite graph of the train pairs (Kipf and Welling, ICLR 2017).

    Nodes are the users, then the items. A node without an edge has an empty row.

    Returns:
        Sparse CSR float32 tensor on ``device``, shape (nodes, nodes) with nodes =
        num_users + num_items, symmetric; indices are int32 where they fit.
    """
    num_users, num_items = train.num_users, train.num_items
    num_nodes, num_edges = num_users + num_items, 2 * train.num_pairs
    fits = max(num_nodes, num_edges) <= np.iinfo(np.int32).max
    index_type = np.int32 if fits else np.int64

    users = train.user_index()
    by_item = np.argsort(train.item_index, kind="stable")
    indptr = np.concatenate(
        [train.indptr, train.num_pairs + np.cumsum(train.item_degree, dtype=np.int64)]
    )
    indices = np.empty(num_edges, dtype=index_type)
    indices[: train.num_pairs] = train.item_index.astype(index_type) + num_users
    indices[train.num_pairs :] = users[by_item]

    degree = np.concatenate([train.user_degree, train.item_degree])
    scale = 1.0 / np.sqrt(np.maximum(degree, 1))
    values = np.repeat(scale, degree)
    values *= scale[indices]
    with warnings.catch_warnings():
        # torch calls its CSR layout beta, once per process; the operations used here are tested.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            torch.from_numpy(indptr.astype(index_type)),
            torch.from_numpy(indices),
            torch.from_numpy(values.astype(np.float32)),
            size=(num_nodes, num_nodes),
            check_invariants=True,
        ).to(device)
