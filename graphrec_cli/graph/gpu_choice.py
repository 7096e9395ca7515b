"""Take the Triton kernel for a batch's nodes where it works, and say so where it does not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.terminal_text import first_line

log = logging.getLogger("graphrec")

NodesPropagation = Callable[[Tensor, int, Tensor], Tensor]
"""Computes the rows of ``propagate`` for nodes; takes layer-0 embeddings, layers and nodes."""


def nodes_propagation(norm_adj: NormalizedAdjacency) -> NodesPropagation:
    """Choose how to propagate over ``norm_adj`` for the nodes of a batch.

    Triton comes with torch for CUDA on Linux. It compiles a kernel when it first runs, for which it
    needs a C compiler, so one is run here.
    """
    block = norm_adj.user_item
    if block.is_cuda and block.dtype != torch.float64:
        try:
            return _by_triton(norm_adj)
        except torch.OutOfMemoryError:
            raise
        except Exception as error:  # Triton and the compilers it calls raise many kinds
            log.warning(
                "Triton does not work here (%s: %s), so training uses torch's slower sparse "
                "products",
                type(error).__name__,
                first_line(str(error)),
            )
    return partial(_of_all_nodes, norm_adj)


def _by_triton(norm_adj: NormalizedAdjacency) -> NodesPropagation:
    # Imported here because torch for CPUs does not bring Triton.
    from graphrec_cli.graph.gpu_graph import GPUGraph
    from graphrec_cli.graph.gpu_propagation import propagate_nodes

    graph = GPUGraph(norm_adj)
    table = torch.zeros(graph.num_nodes, 1, device=norm_adj.user_item.device)
    graph.add_product(table, table)
    return partial(propagate_nodes, graph)


def _of_all_nodes(
    norm_adj: NormalizedAdjacency, layer0: Tensor, num_layers: int, nodes: Tensor
) -> Tensor:
    return functional.embedding(nodes, propagate(norm_adj, layer0, num_layers))
