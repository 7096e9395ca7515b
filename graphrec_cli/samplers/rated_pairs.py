"""Train pairs with their ratings, for a regression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.samplers.positives import build_positives, draw_epoch


class RatedPairs(NamedTuple):
    """A batch of training examples; indices are int64, each of shape (batch,)."""

    users: Int64[Tensor, " batch"]
    items: Int64[Tensor, " batch"]
    ratings: Float[Tensor, " batch"]


class RatedPairSampler:
    """Draws batches of rated train pairs from one generator.

    Attributes:
        num_pairs: train pairs.
        skipped_users: always 0: every user with a train pair is drawn.
    """

    def __init__(
        self,
        by: PositivesBy,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Take the pairs.

        Raises:
            DataError: a pair has no rating, or there is no pair.
        """
        if train.rating is None:
            raise DataError(
                "loss=mse needs a rating of every pair, and this data set has pairs without; "
                "choose a data set of ratings (movielens_latest), or loss=bpr"
            )
        everyone = torch.ones(train.num_users, dtype=torch.bool, device=device)
        self._positives = build_positives(by, train, everyone, device)
        self._users = torch.from_numpy(train.user_index()).to(device)
        self._items = torch.tensor(train.item_index, device=device)
        self._ratings = torch.tensor(train.rating, device=device)
        self._generator = generator
        self.num_pairs = self._positives.num_pairs
        self.skipped_users = 0

    def epoch(self, steps: int | None, batch_size: int) -> Iterator[RatedPairs]:
        """Draw ``steps`` batches of ``batch_size`` pairs.

        With ``steps`` None a new pass begins and as many pairs as there are are drawn, so the last
        batch may be short.
        """
        for pairs in draw_epoch(self._positives, steps, batch_size, self._generator):
            yield RatedPairs(
                self._users.index_select(0, pairs).long(),
                self._items.index_select(0, pairs).long(),
                self._ratings.index_select(0, pairs),
            )

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values; with them a sampler goes on with the very same draws."""
        return {
            "generator": self._generator.get_state(),
            "positives": self._positives.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken; the sampler must be built on the same train part."""
        self._generator.set_state(state["generator"].cpu())
        self._positives.load_state_dict(state["positives"])
