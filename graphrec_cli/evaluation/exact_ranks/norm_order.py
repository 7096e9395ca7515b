"""Columns of items by descending norm, so that a bound on a score leaves out the last ones.

A dot product is at most the product of the two norms (Cauchy-Schwarz). If that is below the score
of a held-out item, the product is neither needed nor compared.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.evaluation.scorer import DotProductScorer, Scorer

VALUES_AT_A_TIME = {"cpu": 1 << 21, "cuda": 1 << 24}


class NormOrder:
    """The tables of a scorer of dot products, with the items in descending order of norm.

    Attributes:
        order: item of each column, int64, shape (items,).
        column: column of each item, int64, shape (items,).
    """

    def __init__(self, scorer: DotProductScorer) -> None:
        self._users, items = scorer.product_tables()
        norms = items.double().norm(dim=0)
        order = norms.argsort(descending=True, stable=True)
        self._items = items[:, order].contiguous()
        self._user_norms = self._users.double().norm(dim=1)
        self._item_norms = norms[order]
        self.order: NDArray[np.int64] = order.cpu().numpy()
        self.column = np.empty_like(self.order)
        self.column[self.order] = np.arange(len(self.order))
        # The relative error of a sum of n float32 products is below n units in the last place.
        self._error = (len(items) + 2) * torch.finfo(torch.float32).eps
        # Products this small may be rounded to 0.
        self._underflow = len(items) * torch.finfo(torch.float32).tiny

    def product_tables(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "dim items"]]:
        """Return the scorer's tables, the second with a column per item in ``order``."""
        return self._users, self._items

    def all_finite(self) -> bool:
        """Whether no product of the tables can be NaN or overflow."""
        largest = self._user_norms.max() * self._item_norms.max() * (1 + self._error)
        return math.isfinite(largest.float().item())

    def widths(self, user_index: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count the leading columns that contain all items scored at or above each pair's item.

        Args:
            user_index: shape (pairs,).
            column: columns of the pairs' items, shape (pairs,).

        Returns:
            From 1 to the number of items, shape (pairs,). float32 products of the items in further
            columns are below that of the pair, whatever the order of summation.
        """
        device = self._users.device
        users, columns = (torch.from_numpy(index).to(device) for index in (user_index, column))
        size = max(1, VALUES_AT_A_TIME[device.type] // len(self._items))
        parts = map(self._widths, users.split(size), columns.split(size))
        return torch.cat(list(parts)).cpu().numpy()

    def _widths(
        self, users: Int64[Tensor, " pairs"], columns: Int64[Tensor, " pairs"]
    ) -> Int64[Tensor, " pairs"]:
        own = (self._users[users].double() * self._items.T[columns].double()).sum(dim=1)
        user_norm = self._user_norms[users]
        lowest = own - user_norm * self._item_norms[columns] * self._error - 2 * self._underflow
        # Ascending for searchsorted.
        reached = -lowest.clamp(min=0) / (user_norm * (1 + self._error)).clamp(min=1e-300)
        return torch.searchsorted(-self._item_norms, reached, right=True).clamp(min=1)


def ordered_by_norm(scorer: Scorer) -> Scorer | NormOrder:
    """Order the items of a scorer of dot products, unless a product may not be finite.

    Any other scorer stays as it is.
    """
    if not isinstance(scorer, DotProductScorer):
        return scorer
    ordered = NormOrder(scorer)
    return ordered if ordered.all_finite() else scorer
