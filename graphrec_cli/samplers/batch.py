"""What the trainer asks of a sampler, whatever its batches are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Batch(Protocol):
    """What a loss makes of a step; ``users`` has a row an example."""

    @property
    def users(self) -> Tensor:
        """User indices, int64, shape (batch,)."""


@runtime_checkable
class BatchSampler(Protocol):
    """Draws the batches that a loss learns from.

    Attributes:
        num_pairs: train pairs that may be drawn: the examples of a whole pass.
    """

    num_pairs: int

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[Any]:
        """``steps`` batches of ``batch_size`` examples; None: as many as a pass has pairs.

        Args:
            done: batches that were taken before this state was saved: only the rest is drawn.
        """

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values that decide the draws to come."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken."""
