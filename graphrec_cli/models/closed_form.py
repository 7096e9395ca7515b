"""What models that are solved, not trained, have in common."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import csr
from graphrec_cli.graph.csr_rows import take_rows
from graphrec_cli.models.base import Recommender


class ClosedForm(Recommender):
    """A user's items times one item-item operator, which follows from the train part.

    A new user with the items of a known one therefore gets the same scores, but for rounding.
    ``solve`` or a checkpoint gives the operator; before, the state has its shapes alone and takes
    no memory. It is solved on the CPU, so that it does not depend on the device, and used there.
    """

    def __init__(self, train: UserItems, device: torch.device) -> None:
        super().__init__()
        self.train_part = train
        self.device = device
        self._indptr = torch.from_numpy(train.indptr).to(device)
        self._items = torch.from_numpy(train.item_index.astype(np.int64)).to(device)

    @abstractmethod
    def solve(self) -> None:
        """Compute the state from the train part.

        Raises:
            GraphrecError: it would not fit in memory, or does not exist for these values.
        """

    @abstractmethod
    def score_histories(
        self, histories: Float[Tensor, "batch items"]
    ) -> Float[Tensor, "batch items"]:
        """Scores of all items for rows of X: sparse CSR, a 1 for every item that a user has."""

    @torch.no_grad()
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Scores from the users' train items; ``prepare_scoring`` comes first."""
        indptr, place = take_rows(self._indptr, user_index)
        return self.score_histories(self._histories(indptr, self._items[place]))

    @torch.no_grad()
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """What a user whose train items these are would get; ``prepare_scoring`` comes first."""
        indptr = torch.tensor([0, len(item_index)], device=self.device)
        return self.score_histories(self._histories(indptr, item_index.sort().values))[0]

    @torch.no_grad()
    def score_rows(
        self, indptr: Int64[Tensor, " bounds"], items: Int64[Tensor, " entries"]
    ) -> Float[Tensor, "rows num_items"]:
        """Scores from several lists of items, each ascending; ``prepare_scoring`` comes first.

        A list of one item gives the item's row of the operator: what it adds to the scores of
        every user who has it.

        Args:
            indptr: where the items of each list begin, then the end of the last.
        """
        return self.score_histories(self._histories(indptr, items))

    def _histories(self, indptr: Tensor, items: Tensor) -> Tensor:
        ones = torch.ones(len(items), device=self.device)
        return csr(indptr, items, ones, (len(indptr) - 1, self.train_part.num_items))
