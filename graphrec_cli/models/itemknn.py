"""Item-based nearest neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.closed_form import ItemKNNConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import OutputError
from graphrec_cli.graph.adjacency import csr
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.system.free_memory import require_memory

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BYTES_A_NEIGHBOR = 72
"""A neighbour and its similarity, and what turning all of them round takes meanwhile."""


class ItemKNN(ClosedForm):
    """A user's score of an item: the summed similarity of those neighbours that the user has.

    Sarwar et al., "Item-Based Collaborative Filtering Recommendation Algorithms", WWW 2001, for
    interactions without ratings. The neighbours are those of the item that is scored; of equal
    similarities the smaller item index comes first; without shrink they are compared exactly, with
    it after rounding to 12 digits. With U_i the users of item i, similarity is
    |U_i and U_j| / (sqrt(|U_i| |U_j|) + shrink), the shrunk cosine of Ferrari Dacrema, Cremonesi
    and Jannach, "Are We Really Making Much Progress?", RecSys 2019.
    """

    neighbor: Tensor
    similarity: Tensor

    def __init__(
        self,
        config: ItemKNNConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Begin unsolved; nothing is drawn from ``generator``."""
        super().__init__(train, device)
        self.shrink = config.shrink
        # A row an item, the most similar neighbour first; places left over have similarity 0.
        shape = (train.num_items, min(config.neighbors, train.num_items))
        self.register_buffer("neighbor", torch.empty(shape, dtype=torch.int32, device="meta"))
        self.register_buffer("similarity", torch.empty(shape, device="meta"))
        self._operator: Tensor | csr_array | None = None

    def solve(self) -> None:
        """Find the neighbours of one item after the other.

        Raises:
            ConfigError: they would not fit into the memory that is free.
        """
        require_memory(
            memory_to_solve(*self.neighbor.shape),
            torch.device("cpu"),
            f"model=itemknn with {self.neighbor.shape[1]:,} neighbours of each of "
            f"{self.train_part.num_items:,} items",
            "lower model.neighbors, or free memory",
        )
        from graphrec_cli.models.linalg.shared_users import shared_users

        degree = self.train_part.item_degree
        neighbor = np.zeros(self.neighbor.shape, np.int32)
        similarity = np.zeros(self.similarity.shape, np.float32)
        for block, shared in shared_users(self.train_part):
            rows = (np.split(part, shared.indptr[1:-1]) for part in (shared.indices, shared.data))
            for item, others, counts in zip(range(block.start, block.stop), *rows, strict=True):
                counts[others == item] = 0
                cosine = counts / (np.sqrt(degree[item] * degree[others]) + self.shrink)
                keys = (
                    [_rounded(cosine)] if self.shrink else _squared_cosine(counts, degree[others])
                )
                nearest = _largest(keys, others, neighbor.shape[1])
                neighbor[item, : len(nearest)] = others[nearest]
                similarity[item, : len(nearest)] = cosine[nearest]
        self.neighbor = torch.from_numpy(neighbor).to(self.device)
        self.similarity = torch.from_numpy(similarity).to(self.device)

    def prepare_scoring(self) -> None:
        """Turn the neighbours round: from an item to the items that it is a neighbour of.

        Raises:
            OutputError: a checkpoint names a neighbour that is no item.
        """
        num_items = len(self.neighbor)
        scored, place = (self.similarity > 0).nonzero(as_tuple=True)
        given = self.neighbor[scored, place].long()
        if len(given) and not (int(given.min()) >= 0 and int(given.max()) < num_items):
            raise OutputError(
                "the checkpoint names neighbours that are no items; train the run again"
            )
        order = torch.argsort(given, stable=True)
        indptr = torch.zeros(num_items + 1, dtype=torch.int64, device=given.device)
        torch.cumsum(torch.bincount(given, minlength=num_items), 0, out=indptr[1:])
        values = self.similarity[scored, place][order]
        operator = csr(indptr, scored[order], values, (num_items, num_items))
        self._operator = _to_scipy(operator) if self.device.type == "cpu" else operator

    def score_histories(
        self, histories: Float[Tensor, "batch items"]
    ) -> Float[Tensor, "batch items"]:
        """Sums of the similarities to the items of each history."""
        assert self._operator is not None, "prepare_scoring() comes before scores are asked for"
        if isinstance(self._operator, Tensor):
            product: Tensor = histories @ self._operator
            return product.to_dense()
        # On a CPU scipy's product of two sparse matrices is the faster one (docs/baselines.md).
        return torch.from_numpy((_to_scipy(histories) @ self._operator).toarray())


def memory_to_solve(num_items: int, neighbors: int) -> int:
    """Bytes that ``solve`` takes at most, for this many neighbours of every item."""
    return num_items * neighbors * _BYTES_A_NEIGHBOR


def _squared_cosine(
    shared: NDArray[np.float32], degree: NDArray[np.int64]
) -> list[NDArray[np.generic]]:
    """Whole part and rest of shared^2 / degree, which order the neighbours of one item exactly.

    The root of equal cosines may differ in the last bit. These are equal only if the cosines are:
    two rests r / d differ by at least 1 / d^2, which float64 holds for up to 90 million users.
    """
    whole, rest = np.divmod(shared.astype(np.int64) ** 2, degree)
    return [whole, rest / degree]


def _rounded(cosine: NDArray[np.float64]) -> NDArray[np.generic]:
    """Cosines rounded to 40 bits, which is 12 digits."""
    mantissa, exponent = np.frexp(cosine)
    rounded: NDArray[np.generic] = np.ldexp(np.rint(np.ldexp(mantissa, 40)), exponent - 40)
    return rounded


def _largest(
    keys: list[NDArray[np.generic]], items: NDArray[np.integer], number: int
) -> NDArray[np.int64]:
    """Places of the largest values, the largest first; of equal ones the smaller item's first.

    Args:
        keys: what the values are compared by, the most important first.
    """
    candidates = np.arange(len(items))
    if len(items) > number:
        lowest = np.partition(keys[0], -number)[-number]
        candidates = np.flatnonzero(keys[0] >= lowest)
    order = np.lexsort((items[candidates], *(-key[candidates] for key in reversed(keys))))
    return candidates[order[:number]]


def _to_scipy(matrix: Float[Tensor, "rows columns"]) -> csr_array:
    """A sparse CSR matrix on the CPU as scipy's; values are shared, indices too where they fit."""
    from scipy.sparse import csr_array

    parts = matrix.values(), matrix.col_indices(), matrix.crow_indices()
    return csr_array(
        tuple(part.numpy() for part in parts), shape=(matrix.shape[0], matrix.shape[1])
    )
