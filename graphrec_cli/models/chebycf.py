"""ChebyCF, a graph filter of any shape by Chebyshev interpolation, in closed form."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.closed_form import ChebyCFConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import csr
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.models.graph_filter import GraphFilter
from graphrec_cli.models.linalg.subspace_iteration import (
    approximate_singular_vectors,
    memory_of_iteration,
)


def chebyshev_coefficients(flatness: float, order: int) -> NDArray[np.float64]:
    """Coefficients of the target (1 - sign(x) |x|^flatness) / 2 on [-1, 1], shape (order + 1,).

    As its authors evaluate them: the target at the extrema of a Chebyshev polynomial, cos(pi j /
    order), the polynomials at the roots of one, cos(pi (j + 1/2) / (order + 1)).
    """
    j = np.arange(order + 1)
    extrema, angles = np.cos(np.pi * j / order), np.pi * (j + 0.5) / (order + 1)
    target = (1 - np.sign(extrema) * np.abs(extrema) ** flatness) / 2
    coefficients: NDArray[np.float64] = 2 / (order + 1) * np.cos(np.outer(j, angles)) @ target
    coefficients[0] /= 2
    return coefficients


class ChebyCF(GraphFilter):
    """A user's items r times D^-p (sum of c_k T_k(I - 2 S'S) + alpha V V') D^p.

    Kim et al., "Graph Spectral Filtering with Chebyshev Interpolation for Recommendation", SIGIR
    2025. T_k is the Chebyshev polynomial of degree k.
    """

    memory_of_search = staticmethod(memory_of_iteration)
    search = staticmethod(approximate_singular_vectors)

    def __init__(
        self,
        config: ChebyCFConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
        values_at_a_time: int = 1 << 23,
    ) -> None:
        """Begin unsolved; the arguments are those of ``GraphFilter``."""
        self.degree_power = config.degree_power
        super().__init__(
            config, train, generator=generator, device=device, values_at_a_time=values_at_a_time
        )
        item_user = self._norm_adj.item_user
        self._minus_4_item_user = csr(
            item_user.crow_indices(),
            item_user.col_indices(),
            item_user.values() * -4,
            item_user.shape,
        )
        self._coefficients = chebyshev_coefficients(config.flatness, config.order).tolist()

    def polynomial(self, x: Float[Tensor, "items batch"]) -> Float[Tensor, "items batch"]:
        """The sum of c_k T_k(L) x by Clenshaw's recurrence, with L = I - 2 S'S."""
        scale = self._item_scale[:, None]
        x = x / scale
        first, *middle, last = self._coefficients
        newer, older = x * last, torch.zeros_like(x)
        for coefficient in reversed(middle):
            # c x + 2 L newer - older
            rest = older.sub_(newer, alpha=2).sub_(x, alpha=coefficient)
            newer, older = self._minus_4_gram(newer).sub_(rest), newer
        rest = older.sub_(newer).sub_(x, alpha=first)
        return self._minus_4_gram(newer).div_(2).sub_(rest).mul_(scale)

    def _minus_4_gram(self, x: Float[Tensor, "items batch"]) -> Float[Tensor, "items batch"]:
        return multiply(self._minus_4_item_user, multiply(self._norm_adj.user_item, x))
