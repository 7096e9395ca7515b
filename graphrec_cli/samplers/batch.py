"""The interfaces that the trainer needs from a sampler and its batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Batch(Protocol):
    """The input of a loss for one step; ``users`` has one entry per example."""

    @property
    def users(self) -> Tensor:
        """User indices, int64, shape (batch,)."""


@runtime_checkable
class BatchSampler(Protocol):
    """Samples the batches that a loss learns from.

    Attributes:
        num_pairs: train pairs that can be sampled, which is the number of examples in a full pass.
    """

    num_pairs: int

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[Any]:
        """Yield ``steps`` batches of ``batch_size`` examples; None is a full pass over the pairs.

        Args:
            done: batches of the epoch that were already used; only the rest is sampled.
        """

    def state_dict(self) -> dict[str, Any]:
        """Return the tensors and plain values that determine all further samples."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state``."""
