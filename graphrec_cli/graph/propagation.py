"""LightGCN propagation: the mean over the layers, with its gradient, on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.sparse_product import multiply


def horner(
    norm_adj: NormalizedAdjacency, x: Tensor, num_layers: int
) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
    """Sum A^0 x, ..., A^L x for users and for items, as x + A(x + A(x + ...)).

    Horner's scheme keeps one running sum instead of every layer.
    """
    x_users, x_items = x[: norm_adj.num_users], x[norm_adj.num_users :]
    users, items = x_users, x_items
    for _ in range(num_layers):
        users, items = (
            multiply(norm_adj.user_item, items).add_(x_users),
            multiply(norm_adj.item_user, users).add_(x_items),
        )
    return users, items


def _layer_mean(norm_adj: NormalizedAdjacency, x: Tensor, num_layers: int) -> Tensor:
    return torch.cat(horner(norm_adj, x, num_layers)).div_(num_layers + 1)


class _LayerMean(torch.autograd.Function):
    """The layer mean; the adjacency is symmetric, so the backward pass is the same operation."""

    @staticmethod
    def forward(ctx: Any, norm_adj: NormalizedAdjacency, x: Tensor, num_layers: int) -> Tensor:
        ctx.norm_adj = norm_adj
        ctx.num_layers = num_layers
        return _layer_mean(norm_adj, x.contiguous(), num_layers)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None]:
        return None, _layer_mean(ctx.norm_adj, grads[0].contiguous(), ctx.num_layers), None


_apply_layer_mean: Callable[[NormalizedAdjacency, Tensor, int], Tensor] = _LayerMean.apply


def propagate(
    norm_adj: NormalizedAdjacency, layer0: Float[Tensor, "nodes dim"], num_layers: int
) -> Float[Tensor, "nodes dim"]:
    """Compute the mean of A^0 x, ..., A^L x (LightGCN; He et al., SIGIR 2020, eq. 7-8).

    Args:
        norm_adj: normalized adjacency of ``nodes`` users and items.
        layer0: dense layer-0 embeddings x, users first.
        num_layers: L; 0 returns ``layer0`` itself.
    """
    if num_layers == 0:
        return layer0
    return _apply_layer_mean(norm_adj, layer0, num_layers)
