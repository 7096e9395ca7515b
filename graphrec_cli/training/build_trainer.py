"""Combine the components of a run in its trainer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext

import torch

from graphrec_cli import components
from graphrec_cli.config.trainer import AdamForm, Precision
from graphrec_cli.losses import bpr
from graphrec_cli.models.base import Model
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.same_batches import SameBatches
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.terminal_text import counted
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.context import RunContext
from graphrec_cli.training.trainer import Trainer

log = logging.getLogger("graphrec")


def build_trainer(
    context: RunContext,
    model: Model,
    signals: StopSignals,
    after_step: Callable[[Trainer], None] = lambda trainer: None,
    *,
    seed_name: str = "sampler",
) -> Trainer:
    """Combine sampler, loss, validation and optimizer in a trainer for ``model``.

    Args:
        after_step: called after every step.
        seed_name: name of the sampler's random generator, which its seed is derived from.
    """
    config, validation = context.config, context.validation
    if config.trainer.precision is Precision.bf16:
        model.train_in(torch.bfloat16)
    sampler = components.build_batch_sampler(config, context.split.train, context.device, seed_name)
    if sampler.skipped_users:
        log.warning(
            "skipping %s without an item left to sample as a negative",
            counted(sampler.skipped_users, "user"),
        )

    processes = context.processes

    def validate() -> dict[str, float]:
        assert validation is not None
        # Several processes have to finish a validation together.
        with signals.released() if processes.size == 1 else nullcontext():
            return validation.metrics(model)

    monitor = config.monitor()
    loss = components.build_loss(config)
    return Trainer(
        config.trainer,
        model,
        loss,
        sampler if processes.size == 1 else SameBatches(sampler, processes),
        None if validation is None else validate,
        monitor=Monitor(monitor, config.evaluation.lower_is_better(monitor)),
        after_step=after_step,
        # Other losses may have batches of many shapes, or count in Python, as Keras's Adam does,
        # which a replay would not do.
        repeats_steps=type(model) is LightGCN
        and processes.size == 1
        and config.trainer.adam is AdamForm.torch
        and model.propagates_plainly
        and loss.__module__ == bpr.__name__,
    )
