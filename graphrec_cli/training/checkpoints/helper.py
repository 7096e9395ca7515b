"""What the other processes of a run do for the checkpoints that the first one writes."""

from __future__ import annotations

from typing import Any

import torch

from graphrec_cli.distributed.processes import Processes
from graphrec_cli.training.trainer import Trainer


class CheckpointHelper:
    """Sends the columns of this process whenever the first one writes a checkpoint.

    It has the methods of ``Checkpointing`` that training calls, and writes no file.

    Attributes:
        history: one row per epoch.
    """

    def __init__(self, processes: Processes) -> None:
        self.history: list[dict[str, Any]] = []
        self._processes = processes

    def after_step(self, trainer: Trainer) -> None:
        """Take part in a checkpoint between two steps, if the first process decides so."""
        if self._processes.first_decides(False):
            self.save(trainer)

    def after_epoch(self, trainer: Trainer, record: dict[str, Any], *, last: bool) -> None:
        """Take part in a checkpoint after an epoch, if the first process decides so."""
        self.history.append(record)
        if self._processes.first_decides(last):
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Send this process's columns."""
        trainer.refuse_non_finite()
        self._processes.whole_state(trainer.state_dict())

    def save_best(self, epoch: int, model: dict[str, Any]) -> None:
        """Do nothing: the first process has gathered the model."""

    def find(self, device: torch.device) -> None:
        """Find nothing: the first process sends the state."""

    def begin_history(self, history: list[dict[str, Any]]) -> None:
        """Start with the history of the checkpoint that training resumes from."""
        self.history = history

    def log_cost(self, training_seconds: float) -> None:
        """Do nothing: the first process logs it."""
