"""Interrupt a sweep within one of its runs.

``graphrec_cli`` is imported within the function, as in ``builders``.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch


def stop_in_run(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the sweep after three steps of its run ``number``; other runs are whole."""
    from graphrec_cli.errors import Interrupted
    from graphrec_cli.system.signals import StopSignals
    from graphrec_cli.training.trainer import Trainer
    from graphrec_cli.workflows import run_and_record, sweep

    runs, real_step, real_check = [0], Trainer.train_step, StopSignals.check
    real_run, due = run_and_record.run_and_record, [False]

    def run(*words: Any, **named: Any) -> None:
        runs[0] += 1
        real_run(*words, **named)

    def train_step(self: Trainer, batch: Any) -> torch.Tensor:
        loss = real_step(self, batch)
        due[0] = runs[0] == number and self.step == 3
        return loss

    def check(self: StopSignals) -> None:
        if due[0]:
            due[0] = False
            raise Interrupted(15)
        real_check(self)

    monkeypatch.setattr(sweep, "run_and_record", run)
    monkeypatch.setattr(Trainer, "train_step", train_step)
    monkeypatch.setattr(StopSignals, "check", check)
