"""The popularity baseline."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.config.model import PopularityConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.base import Recommender


class Popularity(Recommender):
    """Scores an item by its number of train interactions, the same for every user."""

    item_degree: Tensor

    def __init__(self, train: UserItems, device: torch.device) -> None:
        super().__init__()
        # float64 represents every count exactly, so equal scores are true ties.
        degree = torch.from_numpy(train.item_degree).to(device, torch.float64)
        self.register_buffer("item_degree", degree)

    def prepare_scoring(self) -> None:
        """Do nothing: the counts are the scores."""

    def item_scores(self) -> Float[Tensor, " items"]:
        """Return the counts."""
        return self.item_degree

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the counts, repeated for every user."""
        return self.item_degree.repeat(len(user_index), 1)

    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """Return the counts; the user's items do not matter."""
        del item_index
        return self.item_degree


def build_popularity(
    config: PopularityConfig, train: UserItems, *, generator: torch.Generator, device: torch.device
) -> Popularity:
    """Build the baseline from the train part; ``generator`` is not used."""
    del config, generator
    return Popularity(train, device)
