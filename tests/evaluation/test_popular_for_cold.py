from __future__ import annotations

import numpy as np
import torch
from builders import CPU
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.popular_for_cold import PopularForCold


class Negative:
    """A model of three users and four items whose scores are all negative."""

    def score_users(self, user_index: Tensor) -> Tensor:
        """-1 - user for every item; an unknown user has no row."""
        return (-1.0 - torch.arange(3.0))[user_index][:, None].expand(-1, 4)


def test_cold_users_get_counts_and_others_the_scores_of_the_model() -> None:
    # User 1 has no train interaction; user 3 is the unknown one.
    users, items = np.array([0, 0, 2]), np.array([3, 1, 3])
    train = UserItems.from_pairs(users, items, num_users=3, num_items=4)
    scores = PopularForCold(Negative(), train, CPU).score_users(torch.tensor([3, 0, 1, 2, 3]))
    counts = [0.0, 1.0, 0.0, 2.0]
    assert scores.tolist() == [counts, [-1.0] * 4, counts, [-3.0] * 4, counts]
    assert scores.dtype == torch.float32
