"""Item-based nearest neighbours."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64, Int32, Int64
from torch import Tensor

from graphrec_cli.config.closed_form import ItemKNNConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import OutputError
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.linalg.sparse_rows import SparseRows, dense_product, shared_users
from graphrec_cli.system.free_memory import require_memory

_BYTES_A_NEIGHBOR = 72
"""A neighbour and its similarity, and what turning all of them round takes meanwhile."""


class ItemKNN(ClosedForm):
    """A user's score of an item: the summed similarity of those neighbours that the user has.

    Sarwar et al., "Item-Based Collaborative Filtering Recommendation Algorithms", WWW 2001, for
    interactions without ratings. The neighbours are those of the item that is scored; of equal
    similarities the smaller item index comes first. With U_i the users of item i, similarity is
    |U_i and U_j| / (sqrt(|U_i| |U_j|) + shrink), the shrunk cosine of Ferrari Dacrema, Cremonesi
    and Jannach, "Are We Really Making Much Progress?", RecSys 2019.
    """

    neighbor: Tensor
    similarity: Tensor

    def __init__(self, config: ItemKNNConfig, train: UserItems, device: torch.device) -> None:
        super().__init__(train, device)
        self.shrink = config.shrink
        # A row an item, the most similar neighbour first; places left over have similarity 0.
        shape = (train.num_items, min(config.neighbors, train.num_items))
        self.register_buffer("neighbor", torch.empty(shape, dtype=torch.int32, device="meta"))
        self.register_buffer("similarity", torch.empty(shape, device="meta"))
        self._operator: SparseRows | None = None

    @torch.no_grad()
    def solve(self) -> None:
        """Find the neighbours, a block of items at a time.

        Raises:
            ConfigError: they would not fit into the memory that is free.
        """
        require_memory(
            self.neighbor.numel() * _BYTES_A_NEIGHBOR,
            torch.device("cpu"),
            f"model=itemknn with {self.neighbor.shape[1]:,} neighbours of each of "
            f"{self.train_part.num_items:,} items",
            "lower model.neighbors, or free memory",
        )
        degree = torch.from_numpy(self.train_part.item_degree)
        neighbor = torch.zeros(self.neighbor.shape, dtype=torch.int32)
        similarity = torch.zeros(self.similarity.shape)
        for block, shared in shared_users(self.train_part):
            shared.diagonal(block.start).zero_()
            row, item = shared.nonzero(as_tuple=True)
            # float64, whose products and roots of counts are exact enough for true ties.
            norm = (degree[row + block.start] * degree[item]).double().sqrt_().add_(self.shrink)
            cosine = torch.zeros(shared.shape, dtype=torch.float64)
            cosine[row, item] = shared[row, item].double().div_(norm)
            neighbor[block], similarity[block] = _nearest(cosine, row, item, neighbor.shape[1])
        self.neighbor = neighbor.to(self.device)
        self.similarity = similarity.to(self.device)

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
        value = self.similarity[scored, place][order]
        self._operator = SparseRows(indptr, scored[order], value, num_items)

    def score_histories(self, histories: SparseRows) -> Float[Tensor, "batch items"]:
        """Sums of the similarities to the items of each history."""
        assert self._operator is not None, "prepare_scoring() comes before scores are asked for"
        return dense_product(histories, self._operator)


def _nearest(
    cosine: Float64[Tensor, "rows items"],
    row: Int64[Tensor, " entries"],
    item: Int64[Tensor, " entries"],
    number: int,
) -> tuple[Int32[Tensor, "rows number"], Float[Tensor, "rows number"]]:
    """Items of the ``number`` highest values of every row, the highest first.

    Args:
        row, item: the places of all values but 0, in ascending order.
    """
    lowest = cosine.topk(number, dim=1).values[:, -1]
    value = cosine[row, item]
    near = value >= lowest[row]
    row, item, value = row[near], item[near], value[near]
    order = torch.from_numpy(np.lexsort((item.numpy(), -value.numpy(), row.numpy())))
    length = torch.bincount(row, minlength=len(cosine))
    place = torch.arange(len(row)) - (torch.cumsum(length, 0) - length)[row]
    kept = place < number
    row, place, order = row[kept], place[kept], order[kept]
    neighbor = torch.zeros(len(cosine), number, dtype=torch.int32)
    similarity = torch.zeros(len(cosine), number)
    neighbor[row, place] = item[order].int()
    similarity[row, place] = value[order].float()
    return neighbor, similarity


def build_itemknn(
    config: ItemKNNConfig, train: UserItems, *, generator: torch.Generator, device: torch.device
) -> ItemKNN:
    """The model as configured; it draws nothing from ``generator``."""
    del generator
    return ItemKNN(config, train, device)
