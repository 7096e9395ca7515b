"""GF-CF, a graph filter in closed form."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.models.graph_filter import GraphFilter
from graphrec_cli.models.linalg.singular_vectors import (
    leading_right_singular_vectors,
    memory_of_search,
)


class GFCF(GraphFilter):
    """A user's items r times S'S + alpha D^-1/2 V V' D^1/2.

    Shen et al., "How Powerful is Graph Convolution for Recommendation?", CIKM 2021.
    """

    degree_power = 0.5
    memory_of_search = staticmethod(memory_of_search)
    search = staticmethod(leading_right_singular_vectors)

    def polynomial(self, x: Float[Tensor, "items batch"]) -> Float[Tensor, "items batch"]:
        """S'S x."""
        for block in self._norm_adj:
            x = multiply(block, x)
        return x
