"""Train pairs drawn batch by batch: what samplers of triples and of rated pairs share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.positives import Positives


class TrainPairs:
    """Draws numbers of train pairs from one generator, and knows their users and items.

    Attributes:
        num_pairs: train pairs of the users that may be drawn: the examples of a whole pass.
    """

    def __init__(
        self,
        train: UserItems,
        positives: Positives,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Take a law that was built on ``train`` and ``device``."""
        self.num_pairs = positives.num_pairs
        self._users = torch.from_numpy(train.user_index()).to(device)
        self._items = torch.tensor(train.item_index, device=device)
        self._positives = positives
        self._generator = generator

    def draw_epoch(
        self, steps: int | None, batch_size: int, done: int = 0
    ) -> Iterator[Int64[Tensor, " batch"]]:
        """``steps`` batches of ``batch_size`` pair numbers.

        With ``steps`` None a new pass begins and as many numbers as there are pairs are drawn, so
        the last batch may be short.

        Args:
            done: batches of this epoch that were drawn before: only the rest is.
        """
        total = self.num_pairs if steps is None else steps * batch_size
        if steps is None and not done:
            self._positives.start_pass(self._generator)
        for first in range(done * batch_size, total, batch_size):
            yield self._positives.draw(min(batch_size, total - first), self._generator)

    def users_and_items(
        self, pairs: Int64[Tensor, " batch"]
    ) -> tuple[Int64[Tensor, " batch"], Int64[Tensor, " batch"]]:
        """Users and items of pairs by their numbers."""
        return (
            self._users.index_select(0, pairs).long(),
            self._items.index_select(0, pairs).long(),
        )

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values; with them a sampler goes on with the very same draws.

        Taken between two batches of an epoch, the rest of it is drawn by ``epoch`` with ``done``.
        """
        return {
            "generator": self._generator.get_state(),
            "positives": self._positives.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken; the sampler must be built on the same train part."""
        self._generator.set_state(state["generator"].cpu())
        self._positives.load_state_dict(state["positives"])
