"""Time a few real training steps on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from graphrec_cli.system.progress import progress
from graphrec_cli.training.trainer import Trainer

_WARM_UP = {"cpu": 3, "cuda": 10}
"""Steps that are not timed; on a GPU the capture of a step is among them."""
_STEPS_AT_A_TIME = {"cpu": 1, "cuda": 10}
"""On a GPU the host is ahead of the device, so that single steps cannot be timed."""
_FEWEST_TIMES = 10
_ENOUGH, _BUDGET = 2.0, 6.0
"""Seconds after which no step is begun, once the fewest are timed, and in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """Seconds of the training steps that were timed.

    Attributes:
        step: mean of a whole step, with the sampling of its batch. An epoch takes the mean and not
            the median of its steps, on a busy machine too.
        sampling: mean of the sampling alone.
        epoch_start: what the first batch of an epoch takes more than others.
        timed: number of steps behind the means.
    """

    step: float
    sampling: float
    epoch_start: float
    timed: int


def time_steps(trainer: Trainer, budget: float = _BUDGET) -> StepTimes:
    """Take real steps, the first ones unmeasured, for about two seconds or longer.

    Args:
        budget: seconds after which no further step is begun, once one has been timed.
    """
    trainer.epoch = max(trainer.epoch, 1)  # the learning rate depends on it
    device = trainer.device.type
    at_a_time = _STEPS_AT_A_TIME[device]
    batches = _batches(trainer)
    whole: list[float] = []
    sampling: list[float] = []
    started = time.perf_counter()
    trainer.train_step(next(batches))
    with progress("timing training steps", in_log=False):
        for _ in range(_WARM_UP[device] - 1):
            if time.perf_counter() - started < budget / 2:
                trainer.train_step(next(batches))
        _wait(trainer.device)
        while len(whole) < _FEWEST_TIMES or sum(whole) * at_a_time < _ENOUGH:
            begun, drawing = time.perf_counter(), 0.0
            for _ in range(at_a_time):
                drawn = time.perf_counter()
                batch = next(batches)
                drawing += time.perf_counter() - drawn
                trainer.train_step(batch)
            _wait(trainer.device)
            whole.append((time.perf_counter() - begun) / at_a_time)
            sampling.append(drawing / at_a_time)
            if time.perf_counter() - started > budget:
                break
    return StepTimes(
        step=statistics.fmean(whole),
        sampling=statistics.fmean(sampling),
        epoch_start=_epoch_start(trainer, statistics.fmean(sampling)),
        timed=len(whole) * at_a_time,
    )


def _epoch_start(trainer: Trainer, sampling: float) -> float:
    """Seconds that the first batch of an epoch takes more than another."""
    started = time.perf_counter()
    next(_batches(trainer))
    _wait(trainer.device)
    return max(0.0, time.perf_counter() - started - sampling)


def _batches(trainer: Trainer) -> Iterator[Any]:
    """Batches of one epoch after the other."""
    while True:
        yield from trainer.sampler.epoch(trainer.config.steps_per_epoch, trainer.batch_size)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
