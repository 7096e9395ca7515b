"""Propagation on a GPU for the nodes of a batch, without making the host wait for their number.

The last layer is computed for those nodes only, and the first product of the backward pass reads
only their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.graph.gpu_graph import GPUGraph


class _LayerMeanNodes(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, graph: GPUGraph, layer0: Tensor, num_layers: int, nodes: Tensor
    ) -> Tensor:
        in_batch = torch.zeros(graph.num_nodes, dtype=torch.bool, device=nodes.device)
        in_batch.index_fill_(0, nodes, True)
        ctx.graph, ctx.num_layers = graph, num_layers
        ctx.save_for_backward(in_batch, nodes)
        final = layer0
        for _ in range(num_layers - 1):
            final = graph.add_product(final, layer0)
        final = graph.add_product(final, layer0, scale=1 / (num_layers + 1), wanted=in_batch)
        return final.index_select(0, nodes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None, None]:
        graph, (in_batch, nodes) = ctx.graph, ctx.saved_tensors
        # The sum per node; int32 halves the passes of the sort by which it is found.
        base = torch.ops.aten.embedding_dense_backward(
            grads[0] / (ctx.num_layers + 1), nodes.int(), graph.num_nodes, -1, False
        )
        grad = graph.add_product(base, base, read=in_batch)
        for _ in range(ctx.num_layers - 1):
            grad = graph.add_product(grad, base)
        return None, grad, None, None


_apply: Callable[..., Tensor] = _LayerMeanNodes.apply


def propagate_nodes(
    graph: GPUGraph,
    layer0: Float[Tensor, "nodes dim"],
    num_layers: int,
    nodes: Int64[Tensor, " batch"],
) -> Float[Tensor, "batch dim"]:
    """Compute the rows of ``propagate`` for the given nodes, which may repeat.

    Args:
        layer0: dense layer-0 embeddings, float32, users first.
        num_layers: propagation steps, at least 1.
    """
    return _apply(graph, layer0, num_layers, nodes)
