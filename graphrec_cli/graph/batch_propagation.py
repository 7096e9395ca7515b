"""Propagation for the rows that a batch needs, with exactly the results of ``propagation``.

The last layer is computed for those rows only. In the backward pass, the first product reads the
gradient of those rows from a small table. This is for the CPU: on a GPU the host would have to wait
for the number of selected entries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.csr_rows import take_rows
from graphrec_cli.graph.propagation import horner
from graphrec_cli.graph.sparse_product import multiply, sum_bags

_WORTH_SELECTING = 0.6
"""Share of a block's entries above which selecting them costs more than it saves."""


def rows_product(
    block: Float[Tensor, "rows columns"],
    x: Float[Tensor, "columns dim"],
    rows: Int64[Tensor, " selected"],
) -> Float[Tensor, "selected dim"]:
    """Compute only the given rows of ``block @ x``; ``block`` is CSR on the CPU."""
    pointers = block.crow_indices()
    wanted = pointers.index_select(0, rows + 1) - pointers.index_select(0, rows)
    if int(wanted.sum()) > _WORTH_SELECTING * block._nnz():
        return multiply(block, x).index_select(0, rows)
    taken, entries = take_rows(pointers, rows)
    return sum_bags(
        taken,
        block.col_indices().index_select(0, entries),
        block.values().index_select(0, entries),
        x,
    )


def columns_product(
    block: Float[Tensor, "rows columns"],
    x: Float[Tensor, "selected dim"],
    columns: Int64[Tensor, " selected"],
) -> Float[Tensor, "rows dim"]:
    """Multiply ``block`` by a table with ``x`` in the rows ``columns`` and zeros elsewhere.

    All other entries of ``block`` read one and the same row of zeros, which stays in the cache.

    Args:
        block: CSR on the CPU.
        columns: distinct column indices.
    """
    indices = block.col_indices()
    place = indices.new_full((block.shape[1],), len(columns))
    place[columns] = torch.arange(len(columns), dtype=place.dtype)
    table = torch.cat([x, x.new_zeros(1, x.shape[1])])
    return sum_bags(block.crow_indices(), place.index_select(0, indices), block.values(), table)


class _LayerMeanRows(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        norm_adj: NormalizedAdjacency,
        layer0: Tensor,
        num_layers: int,
        users: Tensor,
        items: Tensor,
    ) -> tuple[Tensor, Tensor]:
        ctx.norm_adj, ctx.num_layers = norm_adj, num_layers
        ctx.save_for_backward(users, items)
        x_users, x_items = layer0[: norm_adj.num_users], layer0[norm_adj.num_users :]
        y_users, y_items = horner(norm_adj, layer0, num_layers - 1)
        user_rows = rows_product(norm_adj.user_item, y_items, users)
        item_rows = rows_product(norm_adj.item_user, y_users, items)
        user_rows.add_(x_users.index_select(0, users)).div_(num_layers + 1)
        item_rows.add_(x_items.index_select(0, items)).div_(num_layers + 1)
        return user_rows, item_rows

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None, None, None]:
        norm_adj, (users, items) = ctx.norm_adj, ctx.saved_tensors
        g_users, g_items = (grad / (ctx.num_layers + 1) for grad in grads)
        z_users = columns_product(norm_adj.user_item, g_items, items).index_add_(0, users, g_users)
        z_items = columns_product(norm_adj.item_user, g_users, users).index_add_(0, items, g_items)
        for _ in range(ctx.num_layers - 1):
            z_users, z_items = (
                multiply(norm_adj.user_item, z_items).index_add_(0, users, g_users),
                multiply(norm_adj.item_user, z_users).index_add_(0, items, g_items),
            )
        return None, torch.cat([z_users, z_items]), None, None, None


_apply: Callable[..., tuple[Tensor, Tensor]] = _LayerMeanRows.apply


def propagate_rows(
    norm_adj: NormalizedAdjacency,
    layer0: Float[Tensor, "nodes dim"],
    num_layers: int,
    users: Int64[Tensor, " users"],
    items: Int64[Tensor, " items"],
) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
    """Compute the rows of ``propagate`` for the given users and items.

    Args:
        norm_adj: normalized adjacency of ``nodes`` users and items, on the CPU.
        layer0: dense layer-0 embeddings, users first.
        num_layers: propagation steps, at least 1.
        users, items: distinct indices, at least one of each.
    """
    return _apply(norm_adj, layer0, num_layers, users, items)
