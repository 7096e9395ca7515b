"""Choose how to propagate on a GPU for the nodes of a batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.system.triton_works import triton_works

NodesPropagation = Callable[[Tensor, int, Tensor], Tensor]
"""Computes the rows of ``propagate`` for nodes; takes layer-0 embeddings, layers and nodes."""


def nodes_propagation(norm_adj: NormalizedAdjacency) -> NodesPropagation:
    """Propagate over ``norm_adj`` by Triton where that works, else by torch's sparse product."""
    block = norm_adj.user_item
    if not block.is_cuda or block.dtype == torch.float64 or not triton_works():
        return partial(_of_all_nodes, norm_adj)
    # Imported here because torch for CPUs does not bring Triton.
    from graphrec_cli.graph.gpu_graph import GPUGraph
    from graphrec_cli.graph.gpu_propagation import propagate_nodes

    return partial(propagate_nodes, GPUGraph(norm_adj))


def _of_all_nodes(
    norm_adj: NormalizedAdjacency, layer0: Tensor, num_layers: int, nodes: Tensor
) -> Tensor:
    return functional.embedding(nodes, propagate(norm_adj, layer0, num_layers))
