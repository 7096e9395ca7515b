"""LightGCN++ propagation: powers of the degrees, layers of equal norm, and a weight of layer 0.

Lee, Kim and Shin, "Revisiting LightGCN: Unexpected Inflexibility, Inconsistency, and A Remedy
Towards Improved Recommendation", RecSys 2024.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.sparse_product import multiply


class _Product(torch.autograd.Function):
    """A x; the adjacency is symmetric, so the backward pass is the same operation."""

    @staticmethod
    def forward(ctx: Any, norm_adj: NormalizedAdjacency, x: Tensor) -> Tensor:
        ctx.norm_adj = norm_adj
        users, items = x[: norm_adj.num_users], x[norm_adj.num_users :]
        return torch.cat([multiply(norm_adj.user_item, items), multiply(norm_adj.item_user, users)])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        return None, _multiply(ctx.norm_adj, grads[0].contiguous())


_multiply: Callable[[NormalizedAdjacency, Tensor], Tensor] = _Product.apply


class ScaledPropagation:
    """Propagates as ``propagate`` does, with other weights of the neighbours and of layer 0."""

    def __init__(
        self,
        degree: Int[Tensor, " nodes"],
        *,
        own_degree_power: float,
        neighbor_degree_power: float,
        normalize_layers: bool,
        layer0_weight: float | None,
        processes: Processes = ONE_PROCESS,
    ) -> None:
        """Compute what the normalized adjacency has to be multiplied by on both sides.

        Args:
            degree: of all nodes in the train graph, users first.
            own_degree_power, neighbor_degree_power: alpha and beta of the paper; 0.5 in LightGCN.
            normalize_layers: scale the rows of each layer's input to norm 1.
            layer0_weight: gamma of the paper; None weighs all layers equally.
            processes: those that have the columns of the embeddings.
        """
        # Clamped to avoid infinity; nodes without an edge receive and send nothing.
        counts = degree.clamp(min=1).float()[:, None]
        self._own_degree_power = own_degree_power
        self._neighbor_weight = counts.pow(-neighbor_degree_power)
        self._own_scale = counts.pow(0.5 - own_degree_power)
        self._neighbor_scale = counts.pow(0.5 - neighbor_degree_power)
        self._normalize_layers = normalize_layers
        self._layer0_weight = layer0_weight
        self._processes = processes

    def __call__(
        self, norm_adj: NormalizedAdjacency, layer0: Float[Tensor, "nodes dim"], num_layers: int
    ) -> Float[Tensor, "nodes dim"]:
        """Compute g x_0 + (1 - g) mean of x_1, ..., x_L, differentiably.

        x_{l+1} of node v is the sum over v's neighbours w of x_l of w (divided by its norm with
        ``normalize_layers``) / (degree of v ^ alpha * degree of w ^ beta).

        Args:
            norm_adj: normalized adjacency of ``nodes`` users and items.
            layer0: dense layer-0 embeddings x_0, users first.
            num_layers: L, at least 1.
        """
        layer, total = layer0, torch.zeros_like(layer0)
        for _ in range(num_layers):
            layer = _multiply(norm_adj, self._sent(layer) * self._neighbor_scale) * self._own_scale
            total = total + layer
        weight = 1 / (num_layers + 1) if self._layer0_weight is None else self._layer0_weight
        return weight * layer0 + (1 - weight) / num_layers * total

    def new_node(
        self, neighbors: Int64[Tensor, " given"], embeddings: Float[Tensor, "given dim"]
    ) -> Float[Tensor, " dim"]:
        """Compute x_{l+1} of a node outside the graph, given its neighbours and their x_l."""
        total = (self._sent(embeddings) * self._neighbor_weight[neighbors]).sum(dim=0)
        scale: float = len(neighbors) ** -self._own_degree_power
        return total * scale

    def sent_by_items(
        self, embeddings: Float[Tensor, "nodes dim"], num_users: int
    ) -> tuple[Float[Tensor, "items dim"], float]:
        """What each item adds to a node outside the graph, and a power p.

        ``new_node`` is the sum of these rows over its neighbours, divided by their number ^ p.

        Args:
            embeddings: x_l of all nodes, users first.
        """
        sent = self._sent(embeddings[num_users:]) * self._neighbor_weight[num_users:]
        return sent, self._own_degree_power

    def _sent(self, layer: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        return self._processes.normalize(layer) if self._normalize_layers else layer
