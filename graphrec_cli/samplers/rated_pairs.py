"""Batches of train pairs with their ratings, for regression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.samplers.positives import build_positives
from graphrec_cli.samplers.train_pairs import TrainPairs


class RatedPairs(NamedTuple):
    """A batch of training examples; indices are int64, each of shape (batch,)."""

    users: Int64[Tensor, " batch"]
    items: Int64[Tensor, " batch"]
    ratings: Float[Tensor, " batch"]


class RatedPairSampler(TrainPairs):
    """Samples batches of rated train pairs from one random generator."""

    def __init__(
        self,
        by: PositivesBy,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Keep the pairs and their ratings.

        Raises:
            DataError: a pair has no rating, or there is no pair.
        """
        if train.rating is None:
            raise DataError(
                "loss=mse needs a rating for every pair, but this data set has pairs without one; "
                "choose a data set with ratings (movielens_latest), or set "
                "model=lightgcn loss=bpr"
            )
        everyone = torch.ones(train.num_users, dtype=torch.bool, device=device)
        super().__init__(train, build_positives(by, train, everyone, device), generator, device)
        self._ratings = torch.tensor(train.rating, device=device)

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[RatedPairs]:
        """Yield pairs with their ratings."""
        return self.draw_batches(steps, batch_size, done, self._rated)

    def _rated(self, pairs: Int64[Tensor, " batch"]) -> RatedPairs:
        return RatedPairs(*self.users_and_items(pairs), self._ratings.index_select(0, pairs))
