"""Batches of train pairs, the common part of all samplers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.positives import Positives


class TrainPairs:
    """Samples positions of train pairs from one random generator, and looks up users and items.

    Attributes:
        num_pairs: train pairs of the users that can be sampled, which is the number of examples in
            a full pass.
        skipped_users: users with train items who are never sampled, for lack of a negative item.
    """

    skipped_users = 0

    def __init__(
        self,
        train: UserItems,
        positives: Positives,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Use ``positives``, which must be built for ``train`` and ``device``."""
        self.num_pairs = positives.num_pairs
        self._users = torch.from_numpy(train.user_index()).to(device)
        self._items = torch.tensor(train.item_index, device=device)
        self._positives = positives
        self._generator = generator

    def draw_epoch(
        self, steps: int | None, batch_size: int, done: int = 0
    ) -> Iterator[Int64[Tensor, " batch"]]:
        """Yield ``steps`` batches of ``batch_size`` positions of train pairs.

        If ``steps`` is None, a new pass over all pairs starts; its last batch may be smaller.

        Args:
            done: batches of the epoch that were already used; only the rest is sampled.
        """
        total = self.num_pairs if steps is None else steps * batch_size
        if steps is None and not done:
            self._positives.start_pass(self._generator)
        for first in range(done * batch_size, total, batch_size):
            yield self._positives.draw(min(batch_size, total - first), self._generator)

    def users_and_items(
        self, pairs: Int64[Tensor, " batch"]
    ) -> tuple[Int64[Tensor, " batch"], Int64[Tensor, " batch"]]:
        """Look up the users and items of pairs by their positions in the train part."""
        return (
            self._users.index_select(0, pairs).long(),
            self._items.index_select(0, pairs).long(),
        )

    def state_dict(self) -> dict[str, Any]:
        """Return tensors and plain values that determine all further samples.

        For a state from the middle of an epoch, call ``epoch`` with ``done`` to sample the rest.
        """
        return {
            "generator": self._generator.get_state(),
            "positives": self._positives.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state``; the sampler must be built on the same train part."""
        self._generator.set_state(state["generator"].cpu())
        self._positives.load_state_dict(state["positives"])
