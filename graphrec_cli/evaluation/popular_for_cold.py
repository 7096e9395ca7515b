"""Popular items for users without train interactions."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.scorer import Scorer


class PopularForCold:
    """A scorer that adds one user index, the last, for every user who is not in the data.

    For users without a train interaction, including that one, the score of an item is its number
    of train interactions. All other users get the scores of the model.
    """

    def __init__(self, model: Scorer, train: UserItems, device: torch.device) -> None:
        self.model = model
        self.cold = torch.from_numpy(np.append(train.user_degree == 0, True)).to(device)
        self.item_degree = torch.from_numpy(train.item_degree).to(device)

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Scores of all items, in the dtype of the model's scores."""
        cold = self.cold[user_index]
        # The model has no row for the last index, so cold users look up row 0 and are overwritten.
        scores = self.model.score_users(user_index.masked_fill(cold, 0))
        return torch.where(cold[:, None], self.item_degree.to(scores.dtype), scores)
