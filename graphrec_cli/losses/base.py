"""The interfaces that the trainer needs from a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

Loss = Callable[[Any, Any], Tensor]
"""A function of a model and a batch that returns the scalar to minimise."""


@runtime_checkable
class EpochLoss(Protocol):
    """A loss that changes after every epoch by what it has seen in it."""

    def __call__(self, model: Any, batch: Any) -> Tensor: ...

    def start(self, model: Any) -> None:
        """Prepare to train ``model`` from the first step."""

    def end_epoch(self) -> None:
        """Take over what was learnt in the epoch."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything that further losses depend on besides the weights."""

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore ``state``, whose names and shapes are those of ``state_dict``."""
