"""How far the epoch under way has come, so that it can be left and gone on with."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(slots=True)
class EpochProgress:
    """Counts of the steps taken.

    Attributes:
        total_loss: sum of the steps' losses, float64, on the model's device: the host need not
            wait for it.
        steps: optimizer steps taken.
        examples: rows of their batches.
    """

    total_loss: Tensor
    steps: int = 0
    examples: int = 0
    _started: float = field(default_factory=time.perf_counter)

    @classmethod
    def begin(cls, device: torch.device) -> EpochProgress:
        """Nothing has been done yet."""
        return cls(torch.zeros((), device=device, dtype=torch.float64))

    def add(self, loss: Tensor, examples: int) -> None:
        """Count one step."""
        self.total_loss += loss
        self.steps += 1
        self.examples += examples

    @property
    def seconds(self) -> float:
        """Time that the epoch has taken, without the time between a checkpoint and its loading."""
        return time.perf_counter() - self._started

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "total_loss": self.total_loss.item(),
            "steps": self.steps,
            "examples": self.examples,
            "seconds": self.seconds,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], device: torch.device) -> EpochProgress:
        """Go on counting where ``state`` was taken."""
        total_loss = torch.tensor(state["total_loss"], device=device, dtype=torch.float64)
        started = time.perf_counter() - state["seconds"]
        return cls(total_loss, state["steps"], state["examples"], started)
