"""The true preferences of synthetic data as a model, an upper bound for trained models."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.models.base import Model


class Oracle(Model):
    """Scores items by the log-odds from which the interactions were sampled."""

    true_scores: Tensor

    def __init__(self, true_scores: NDArray[np.float32], device: torch.device) -> None:
        """Store the scores, with the run's indices, shape (users, items)."""
        super().__init__()
        self.register_buffer("true_scores", torch.from_numpy(true_scores).to(device))

    def prepare_scoring(self) -> None:
        """Do nothing: the scores are given."""

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the true scores of the users."""
        return self.true_scores[user_index]
