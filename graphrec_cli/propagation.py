"""The mean over propagation layers, forward and backward, on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def _multiply(norm_adj: Tensor, x: Tensor) -> Tensor:
    """One sparse product; on CPU torch's reduction kernel is the faster of its two."""
    if x.device.type == "cpu":
        product: Tensor = torch.sparse.mm(norm_adj, x, "sum")
        return product
    return norm_adj @ x


def _layer_mean(norm_adj: Tensor, x: Tensor, num_layers: int) -> Tensor:
    # Horner's scheme, x + A(x + A(x + ...)), holds one running sum instead of every layer.
    total = x
    for _ in range(num_layers):
        total = _multiply(norm_adj, total).add_(x)
    return total.div_(num_layers + 1)


class _LayerMean(torch.autograd.Function):
    """The adjacency is symmetric, so the layer mean is its own transpose: nothing is stored."""

    @staticmethod
    def forward(ctx: Any, norm_adj: Tensor, x: Tensor, num_layers: int) -> Tensor:
        ctx.norm_adj = norm_adj
        ctx.num_layers = num_layers
        return _layer_mean(norm_adj, x, num_layers)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None]:
        return None, _layer_mean(ctx.norm_adj, grads[0].contiguous(), ctx.num_layers), None


_apply_layer_mean: Callable[[Tensor, Tensor, int], Tensor] = _LayerMean.apply


def propagate(
    norm_adj: Float[Tensor, "nodes nodes"], layer0: Float[Tensor, "nodes dim"], num_layers: int
) -> Float[Tensor, "nodes dim"]:
    """LightGCN's final embeddings, the mean of A^0 x ... A^L x (He et al., SIGIR 2020, eq. 7-8).

    Args:
        norm_adj: symmetric sparse CSR adjacency.
        layer0: dense layer-0 embeddings x.
        num_layers: L; 0 returns ``layer0`` itself.
    """
    if num_layers == 0:
        return layer0
    return _apply_layer_mean(norm_adj, layer0, num_layers)
