"""Final embeddings of two nodes in graphs that lack one edge each."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.row_terms import row_of
from graphrec_cli.graph.sparse_product import multiply

_VALUES_AT_A_TIME = 1 << 24
_NODES_AT_A_TIME = 1 << 16


class GraphsWithoutEdge:
    """The graphs in which one user lacks one of its items, with the degrees of both renewed.

    With S = diag(sqrt(d / (d - 1))) at the user u and the item i, and 1 elsewhere, the adjacency
    without the edge is S (A - a_ui (e_u e_i' + e_i e_u')) S. It is symmetric, so a node's row of
    the layer mean is the layer mean of the node's unit vector, times the layer-0 embeddings. That
    takes two columns a graph instead of a whole table.
    """

    def __init__(self, norm_adj: NormalizedAdjacency, user: int) -> None:
        """Keep the adjacency, whose dtype is that of all computations."""
        self._norm_adj, self._user = norm_adj, user
        items, weights = row_of(norm_adj.user_item, user)
        self._weight = weights.new_zeros(norm_adj.item_user.shape[0])
        self._weight[items] = weights
        self._user_scale = _scale_without_one(torch.tensor(len(items)), weights)
        self._item_degree = norm_adj.item_user.crow_indices().diff()

    def embed(
        self,
        layer0: Float[Tensor, "nodes dim"],
        num_layers: int,
        removed: Int64[Tensor, " graphs"],
        item: int,
    ) -> tuple[Float[Tensor, "graphs dim"], Float[Tensor, "graphs dim"]]:
        """Compute the final embeddings of the user and of ``item`` in each of the graphs.

        Args:
            layer0: users first.
            num_layers: L, at least 1.
            removed: the item that the user lacks, one for each graph.
        """
        size = max(1, _VALUES_AT_A_TIME // (2 * len(layer0)))
        parts = [self._embed(layer0, num_layers, block, item) for block in removed.split(size)]
        users, items = zip(*parts, strict=True)
        return torch.cat(users), torch.cat(items)

    def _embed(
        self, layer0: Tensor, num_layers: int, removed: Int64[Tensor, " graphs"], item: int
    ) -> tuple[Tensor, Tensor]:
        graphs = len(removed)
        removed = removed.repeat(2)
        # The first half of the columns starts at the user, the second at the item.
        users = self._weight.new_zeros(self._norm_adj.num_users, 2 * graphs)
        items = self._weight.new_zeros(len(self._weight), 2 * graphs)
        users[self._user, :graphs] = 1
        items[item, graphs:] = 1
        first_users, first_items = users, items
        for _ in range(num_layers):
            new_users, new_items = self._product(users, items, removed)
            users, items = new_users.add_(first_users), new_items.add_(first_items)
        sums = torch.cat([users, items]).div_(num_layers + 1)
        embeddings = sums.new_zeros(2 * graphs, layer0.shape[1])
        blocks = (part.split(_NODES_AT_A_TIME) for part in (sums, layer0))
        for rows, table in zip(*blocks, strict=True):
            embeddings.addmm_(rows.T, table.to(rows.dtype))
        return embeddings[:graphs], embeddings[graphs:]

    def _product(
        self, users: Tensor, items: Tensor, removed: Int64[Tensor, " columns"]
    ) -> tuple[Tensor, Tensor]:
        """Multiply each column by the adjacency of its graph."""
        column = torch.arange(len(removed), device=removed.device)
        item_scale = _scale_without_one(self._item_degree[removed], users)
        users, items = users.clone(), items.clone()
        users[self._user] *= self._user_scale
        items[removed, column] *= item_scale
        new_users = multiply(self._norm_adj.user_item, items)
        new_items = multiply(self._norm_adj.item_user, users)
        weight = self._weight[removed]
        new_users[self._user] -= weight * items[removed, column]
        new_items[removed, column] -= weight * users[self._user]
        new_users[self._user] *= self._user_scale
        new_items[removed, column] *= item_scale
        return new_users, new_items


def _scale_without_one(degree: Tensor, like: Tensor) -> Tensor:
    """sqrt(d / (d - 1)); 1 for the only edge of a node, which has none without it."""
    return (degree.double() / (degree - 1).clamp(min=1)).sqrt().to(like)
