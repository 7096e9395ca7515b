"""Batches of train pairs, the common part of all samplers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import torch
from jaxtyping import Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.positives import Positives

_EXAMPLES_AT_ONCE = {"cpu": 0, "cuda": 1 << 20}
"""Examples drawn at a time, if that is more than a batch. On a GPU starting the kernels of a draw
takes the host as long as a training step takes the GPU."""

Drawn = TypeVar("Drawn", bound=tuple[Tensor, ...])


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
        self._state_before: dict[str, Any] | None = None
        self._used = 0

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

    def draw_batches(
        self,
        steps: int | None,
        batch_size: int,
        done: int,
        complete: Callable[[Int64[Tensor, " pairs"]], Drawn],
    ) -> Iterator[Drawn]:
        """Yield batches as ``draw_epoch`` does, on a GPU several that are drawn at once.

        Args:
            complete: makes examples, a named tuple of tensors, from positions of train pairs.
        """
        total = self.num_pairs if steps is None else steps * batch_size
        if steps is None and not done:
            self._positives.start_pass(self._generator)
        if done * batch_size >= total:
            return
        used, self._used = (self._used if done else 0), 0
        size = self._batches_at_once(batch_size) * batch_size
        for first in range((done - used) * batch_size, total, size):
            before = self._state()
            drawn = complete(self._positives.draw(min(size, total - first), self._generator))
            batches = list(zip(*(values.split(batch_size) for values in drawn), strict=True))
            for number, batch in enumerate(batches[used:], used + 1):
                is_last = number == len(batches)
                self._state_before = None if is_last else {**before, "used": number}
                yield type(drawn)(*batch)
            used = 0

    def _batches_at_once(self, batch_size: int) -> int:
        if not getattr(self._positives, "batches_are_independent", False):
            return 1
        return max(1, _EXAMPLES_AT_ONCE[self._generator.device.type] // batch_size)

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
        # Of batches that were drawn at once but not all used, the first are drawn again.
        return self._state() if self._state_before is None else dict(self._state_before)

    def _state(self) -> dict[str, Any]:
        return {
            "generator": self._generator.get_state(),
            "positives": self._positives.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state``; the sampler must be built on the same train part."""
        self._state_before, self._used = None, state.get("used", 0)
        self._generator.set_state(state["generator"].cpu())
        self._positives.load_state_dict(state["positives"])
