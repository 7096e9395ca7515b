"""Split a row of the layer mean into what its neighbours add, and those parts into paths.

The final embedding of a user is linear in the user's row of the adjacency: (A^k x)_u is the sum
over the user's items i of a_ui (A^(k-1) x)_i. The other embeddings stay as they are.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.graph.adjacency import NormalizedAdjacency
from graphrec_cli.graph.propagation import horner


class Terms(NamedTuple):
    """Numbers that add up to a whole.

    Attributes:
        own: of layer 0 of the node itself; a scalar.
        neighbor: the neighbours' indices among the users or the items, ascending.
        of_neighbor: what each of them adds.
    """

    own: Float[Tensor, ""]
    neighbor: Int64[Tensor, " neighbors"]
    of_neighbor: Float[Tensor, " neighbors"]


class RowTerms:
    """The terms of rows of ``propagate(norm_adj, x, num_layers) @ q``."""

    def __init__(
        self, norm_adj: NormalizedAdjacency, values: Float[Tensor, " nodes"], num_layers: int
    ) -> None:
        """Propagate once for all rows.

        Args:
            norm_adj: in the dtype of ``values``.
            values: x @ q, users first.
            num_layers: L, at least 1.
        """
        self._norm_adj, self._layers = norm_adj, num_layers + 1
        self._users, self._items = values.tensor_split([norm_adj.num_users])
        column = values[:, None]
        self._item_sums = horner(norm_adj, column, num_layers - 1)[1][:, 0]
        self._user_sums: Tensor | None = None
        if num_layers > 1:
            self._user_sums = horner(norm_adj, column, num_layers - 2)[0][:, 0]

    def of_user(self, user: int) -> Terms:
        """The user's own layer 0, and a term for each of the user's items.

        The term of item i is a_ui / (L + 1) times the sum of (A^k values)_i over k < L.
        """
        items, weights = row_of(self._norm_adj.user_item, user)
        of_items = weights * self._item_sums[items] / self._layers
        return Terms(self._users[user] / self._layers, items, of_items)

    def of_path(self, user: int, item: int) -> Terms:
        """The term of one of the user's items, split: layer 0 of the item, and each of its users.

        The term of user v is a_ui a_iv / (L + 1) times the sum of (A^k values)_v over k < L - 1;
        v may be the user itself. With one layer there are no such terms.
        """
        items, weights = row_of(self._norm_adj.user_item, user)
        weight = weights[items == item].squeeze(0) / self._layers
        users, back = row_of(self._norm_adj.item_user, item)
        if self._user_sums is None:
            users, back = users[:0], back[:0]
            return Terms(weight * self._items[item], users, back)
        return Terms(weight * self._items[item], users, weight * back * self._user_sums[users])


def row_of(
    block: Float[Tensor, "rows columns"], row: int
) -> tuple[Int64[Tensor, " entries"], Float[Tensor, " entries"]]:
    """The columns and the values of a row of a CSR matrix."""
    start, stop = block.crow_indices()[row : row + 2].tolist()
    return block.col_indices()[start:stop].to(torch.int64), block.values()[start:stop]
