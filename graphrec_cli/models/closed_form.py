"""What models that are solved, not trained, have in common."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.linalg.sparse_rows import SparseRows, one_row, rows_of_users


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
        self._users = rows_of_users(train).to(device)

    @abstractmethod
    def solve(self) -> None:
        """Compute the state from the train part.

        Raises:
            GraphrecError: it would not fit in memory, or does not exist for these values.
        """

    @abstractmethod
    def score_histories(self, histories: SparseRows) -> Float[Tensor, "batch items"]:
        """Scores of all items for rows of items on the model's device."""

    @torch.no_grad()
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Scores from the users' train items; ``prepare_scoring`` comes first."""
        return self.score_histories(self._users.take(user_index))

    @torch.no_grad()
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """What a user whose train items these are would get; ``prepare_scoring`` comes first."""
        history = one_row(item_index.sort().values, self.train_part.num_items)
        return self.score_histories(history)[0]
