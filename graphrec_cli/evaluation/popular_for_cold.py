"""Popular items for users of whom a model has learned nothing."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.scorer import Scorer


class PopularForCold:
    """A scorer of one user more than its model: the last index stands for every unknown user.

    Users without a train interaction, the unknown one among them, score items by their number of
    train interactions, all others as the model does.
    """

    def __init__(self, model: Scorer, train: UserItems, device: torch.device) -> None:
        self.model = model
        self.cold = torch.from_numpy(np.append(train.user_degree == 0, True)).to(device)
        self.item_degree = torch.from_numpy(train.item_degree).to(device)

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Scores of all items, of the model's type."""
        cold = self.cold[user_index]
        # The model does not know the last index: cold rows are overwritten anyway.
        scores = self.model.score_users(user_index.masked_fill(cold, 0))
        return torch.where(cold[:, None], self.item_degree.to(scores.dtype), scores)
