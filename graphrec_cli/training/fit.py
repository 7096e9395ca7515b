"""Train a model and write its history and checkpoints on the way."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from graphrec_cli.config.model import EmbeddingConfig
from graphrec_cli.errors import ConfigError, Interrupted, OutputError
from graphrec_cli.models.base import Model
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.system.progress import progress
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.build_trainer import build_trainer
from graphrec_cli.training.checkpoints.helper import CheckpointHelper
from graphrec_cli.training.checkpoints.schedule import Checkpointing
from graphrec_cli.training.checkpoints.validate import check_content
from graphrec_cli.training.context import RunContext
from graphrec_cli.training.log_lines import (
    advise_more_steps,
    describe_end,
    describe_epoch,
    describe_start,
)
from graphrec_cli.training.stop_together import check_together
from graphrec_cli.training.trainer import Trainer

log = logging.getLogger("graphrec")

CPU = torch.device("cpu")


Report: TypeAlias = Callable[[int, float], None]
"""Takes an epoch and its valid metric."""
AfterEpoch: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], None]
"""Takes the rows of history.jsonl so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model with its best weights.

    Attributes:
        weights: its state; in the first of several processes with whole tables.
        best_epoch: the epoch of these weights, 0 for a model that is not trained.
        history: one row per epoch, as in history.jsonl.
    """

    model: Model
    weights: dict[str, Any]
    best_epoch: int
    history: list[dict[str, Any]]


def fit_model(
    context: RunContext,
    model: Model,
    checkpointing: Checkpointing | CheckpointHelper,
    signals: StopSignals,
    *,
    resumed: bool,
    report: Report | None = None,
    after_epoch: Sequence[AfterEpoch] = (),
) -> Fitted:
    """Train the model, or solve it in closed form, and write ``checkpoints/best.pt``.

    A signal stops the training after the current step; its state is saved. Several processes stop
    after the same step, whichever of them received the signal.

    Args:
        resumed: continue from the newest checkpoint, if there is one.
        report: called after every validation; it may raise ``Pruned``.
        after_epoch: each is called after every epoch, with the history so far.

    Raises:
        Interrupted: a signal was received.
        NonFiniteError: the loss or a valid score became NaN or infinite.
        Pruned: ``report`` ended the training.
    """
    if not context.config.model.learns_from():
        if isinstance(model, ClosedForm):
            started = time.perf_counter()
            with progress(f"solving {context.config.model.name}"):
                model.solve()
            log.info("solved in %.1f s", time.perf_counter() - started)
        weights = model.state_dict()
        checkpointing.save_best(0, weights)
        return Fitted(model=model, weights=weights, best_epoch=0, history=[])
    state = find_state(context, checkpointing) if resumed else None

    def after_step(trainer: Trainer) -> None:
        check_together(signals, context.processes)
        checkpointing.after_step(trainer)

    seed_name = sampler_seed_name(state, context.device)
    trainer = build_trainer(context, model, signals, after_step, seed_name=seed_name)
    if context.validation is None:
        log.info("no valid part: training ends after trainer.epochs, and the last epoch is kept")
    if resumed:
        restore(state, trainer, checkpointing)
    if report is not None:  # a run may have been stopped between a checkpoint and its report
        report_last(report, checkpointing.history, context.config.monitor())
    log.info("%s", describe_start(trainer, context.config))
    advise_more_steps(trainer)
    started = time.perf_counter()
    with signals.held():
        try:
            for epoch in trainer.fit():
                log.info("%s", describe_epoch(epoch, context.config))
                checkpointing.after_epoch(trainer, epoch.record, last=epoch.last)
                check_together(signals, context.processes)
                for call in after_epoch:
                    call(checkpointing.history)
                if report is not None:
                    report_last(report, checkpointing.history, context.config.monitor())
        except Interrupted as interruption:
            if not interruption.midway:
                checkpointing.save(trainer)
            raise
    log.info("%s", describe_end(trainer))
    checkpointing.log_cost(time.perf_counter() - started)
    selection = trainer.selection
    weights = context.processes.whole_state(selection.best_state)
    checkpointing.save_best(selection.best_epoch, weights)
    model.load_state_dict(selection.best_state)
    return Fitted(
        model=model,
        weights=weights,
        best_epoch=selection.best_epoch,
        history=checkpointing.history,
    )


def find_state(
    context: RunContext, checkpointing: Checkpointing | CheckpointHelper
) -> dict[str, Any] | None:
    """Find the newest checkpoint, None if there is none; each process gets its own columns."""
    if context.processes.size == 1:
        return checkpointing.find(context.device)
    model = context.config.model
    assert isinstance(model, EmbeddingConfig)  # others are refused
    state = checkpointing.find(CPU)
    return context.processes.own_state(state, model.embedding_dim)


def report_last(report: Report, history: list[dict[str, Any]], monitor: str) -> None:
    """Report the last epoch, if it was validated.

    Raises:
        Pruned: ``report`` ended the training.
    """
    for row in history[-1:]:
        if row["valid"] is not None:
            report(row["epoch"], row["valid"][monitor])


def sampler_seed_name(state: dict[str, Any] | None, device: torch.device) -> str:
    """Name of the sampler's generator, a new one if the checkpoint is from another device type."""
    if state is None or state.get("device") == device.type:
        return "sampler"
    log.warning(
        "the checkpoint was saved on %s, and its random number sequence cannot continue on %s: "
        "the results will differ from those of an uninterrupted run",
        state.get("device"),
        device.type,
    )
    return f"sampler, on {device.type} from step {state.get('step')}"


def restore(
    state: dict[str, Any] | None,
    trainer: Trainer,
    checkpointing: Checkpointing | CheckpointHelper,
) -> None:
    """Restore the trainer and the history from a checkpoint; None starts from the beginning.

    Raises:
        ConfigError: ``trainer.epochs`` is the checkpoint's epoch, which was not validated.
        OutputError: the checkpoint does not fit this trainer.
    """
    if state is None:
        checkpointing.begin_history([])
        return
    reseed_sampler = state.get("device") != trainer.device.type
    try:
        check_content(state, trainer, reseed_sampler=reseed_sampler)
        trainer.load_state_dict(state, reseed_sampler=reseed_sampler)
    except (LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise OutputError(
            f"checkpoint: {reason}; this run cannot resume, start it again with graphrec train "
            "--from RUN"
        ) from error
    history = state["history"]
    ends_here = trainer.progress is None and trainer.epoch == trainer.config.epochs
    if ends_here and trainer.validate is not None and history[-1]["valid"] is None:
        raise ConfigError(
            f"trainer.epochs={trainer.epoch} would stop at the checkpoint, whose epoch was not "
            f"validated; set it to {trainer.epoch + 1} or more"
        )
    checkpointing.begin_history(history)
    where = "after" if trainer.progress is None else "in"
    log.info("resuming %s epoch %d, step %d", where, trainer.epoch, trainer.step)
