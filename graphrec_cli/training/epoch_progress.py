"""Progress within the current epoch, so that training can resume in the middle of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(slots=True)
class EpochProgress:
    """Counts of the steps taken in an epoch.

    Attributes:
        total_loss: sum of the steps' losses, float64, on the model's device, so that adding to it
            does not make the host wait.
        steps: optimizer steps taken.
        examples: total number of examples in their batches.
    """

    total_loss: Tensor
    steps: int = 0
    examples: int = 0
    _started: float = field(default_factory=time.perf_counter)

    @classmethod
    def begin(cls, device: torch.device) -> EpochProgress:
        """Start an epoch: no steps taken."""
        return cls(torch.zeros((), device=device, dtype=torch.float64))

    def add(self, loss: Tensor, examples: int) -> None:
        """Count one step."""
        self.total_loss += loss
        self.steps += 1
        self.examples += examples

    @property
    def seconds(self) -> float:
        """Time spent on the epoch, excluding the time between an interruption and the resume."""
        return time.perf_counter() - self._started

    def state_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "total_loss": self.total_loss.item(),
            "steps": self.steps,
            "examples": self.examples,
            "seconds": self.seconds,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], device: torch.device) -> EpochProgress:
        """Restore the counts in ``state``."""
        total_loss = torch.tensor(state["total_loss"], device=device, dtype=torch.float64)
        started = time.perf_counter() - state["seconds"]
        return cls(total_loss, state["steps"], state["examples"], started)
