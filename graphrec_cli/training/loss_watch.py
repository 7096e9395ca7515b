"""Read the loss now and then without waiting for the device."""

from __future__ import annotations

import torch
from torch import Tensor


class LossWatch:
    """Reads a number on a device; on a GPU, the value that an earlier call asked for."""

    def __init__(self, device: torch.device) -> None:
        """Prepare to read from ``device``."""
        self._arrived = torch.cuda.Event() if device.type == "cuda" else None
        self._value = torch.zeros((), dtype=torch.float64, pin_memory=self._arrived is not None)

    def read(self, number: Tensor) -> float:
        """Return ``number``; on a GPU its value at the last call, or 0 if that has not arrived."""
        if self._arrived is None:
            return number.item()
        if not self._arrived.query():
            return 0.0
        value = self._value.item()
        self._value.copy_(number, non_blocking=True)
        self._arrived.record()
        return value
