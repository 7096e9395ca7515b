"""Train a model, with its history and checkpoints written along the way."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from graphrec_cli import components
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trainer import Precision
from graphrec_cli.errors import ConfigError, Interrupted, OutputError
from graphrec_cli.models.base import Model
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.checkpoints.schedule import Checkpointing
from graphrec_cli.training.checkpoints.validate import check_content
from graphrec_cli.training.context import RunContext
from graphrec_cli.training.trainer import Epoch, Trainer

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A model in its best state.

    Attributes:
        best_epoch: the epoch of that state, 0 for a model that is not trained.
        history: a row an epoch, as in history.jsonl.
    """

    model: Model
    best_epoch: int
    history: list[dict[str, Any]]


def fit_model(
    context: RunContext,
    model: Model,
    checkpointing: Checkpointing,
    signals: StopSignals,
    *,
    resumed: bool,
) -> Fitted:
    """Train if the model learns at all; ``checkpoints/best.pt`` is there either way.

    A signal ends the training after the current step, whose state is then written.

    Args:
        resumed: continue from the newest checkpoint, if there is one.

    Raises:
        Interrupted: a signal came.
        NonFiniteError: the loss or a valid score became NaN or infinite.
    """
    if not context.config.model.learns_from():
        if isinstance(model, ClosedForm):
            solve(model)
        checkpointing.save_best(0, model.state_dict())
        return Fitted(model=model, best_epoch=0, history=[])
    state = checkpointing.find(context.device) if resumed else None

    def after_step(trainer: Trainer) -> None:
        signals.check()
        checkpointing.after_step(trainer)

    seed_name = sampler_seed_name(state, context.device)
    trainer = build_trainer(context, model, signals, after_step, seed_name=seed_name)
    if resumed:
        restore(state, trainer, checkpointing)
    started = time.perf_counter()
    with signals.held():
        try:
            for epoch in trainer.fit():
                log.info("%s", describe_epoch(epoch, context.config))
                checkpointing.after_epoch(trainer, epoch.record, last=epoch.last)
                signals.check()
        except Interrupted as interruption:
            if not interruption.midway:
                checkpointing.save(trainer)
            raise
    checkpointing.log_cost(time.perf_counter() - started)
    selection = trainer.selection
    checkpointing.save_best(selection.best_epoch, selection.best_state)
    model.load_state_dict(selection.best_state)
    return Fitted(model=model, best_epoch=selection.best_epoch, history=checkpointing.history)


def solve(model: ClosedForm) -> None:
    """Compute the state of a model that is not trained, and log how long it took."""
    started = time.perf_counter()
    model.solve()
    log.info("solved in %.1f s", time.perf_counter() - started)


def build_trainer(
    context: RunContext,
    model: Model,
    signals: StopSignals,
    after_step: Callable[[Trainer], None] = lambda trainer: None,
    *,
    seed_name: str = "sampler",
) -> Trainer:
    """Sampler, loss, validation and optimizer around ``model``, before the first step.

    Args:
        after_step: called between two steps.
        seed_name: name of the generator that the sampler draws from.
    """
    config, validation = context.config, context.validation
    if config.trainer.precision is Precision.bf16:
        model.train_in(torch.bfloat16)
    sampler = components.build_batch_sampler(config, context.split.train, context.device, seed_name)
    if sampler.skipped_users:
        log.warning("%d users have seen all that could be sampled: skipped", sampler.skipped_users)

    def validate() -> dict[str, float]:
        assert validation is not None
        with signals.released():
            return validation.metrics(model)

    monitor = config.monitor()
    return Trainer(
        config.trainer,
        model,
        components.build_loss(config),
        sampler,
        None if validation is None else validate,
        monitor=Monitor(monitor, config.evaluation.lower_is_better(monitor)),
        show_progress=sys.stderr.isatty(),
        after_step=after_step,
    )


def sampler_seed_name(state: dict[str, Any] | None, device: torch.device) -> str:
    """Name of the sampler's generator; another one where the checkpoint is of another device."""
    if state is None or state.get("device") == device.type:
        return "sampler"
    log.warning(
        "the checkpoint was made on %s, whose random numbers %s cannot continue: the run will "
        "differ from an uninterrupted one",
        state.get("device"),
        device.type,
    )
    return f"sampler, on {device.type} from step {state.get('step')}"


def restore(state: dict[str, Any] | None, trainer: Trainer, checkpointing: Checkpointing) -> None:
    """Set the trainer and the history to the state of a checkpoint; None is the beginning.

    Raises:
        ConfigError: the run would end without the validation that its last epoch has.
        OutputError: the state is not one of this trainer.
    """
    if state is None:
        checkpointing.begin_history([])
        return
    reseed_sampler = state.get("device") != trainer.device.type
    try:
        check_content(state, trainer, reseed_sampler=reseed_sampler)
        trainer.load_state_dict(state, reseed_sampler=reseed_sampler)
    except (LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise OutputError(
            f"the checkpoint is not one of this run: {type(error).__name__}, {error}"
        ) from error
    history = state["history"]
    ends_here = trainer.progress is None and trainer.epoch == trainer.config.epochs
    if ends_here and trainer.validate is not None and history[-1]["valid"] is None:
        raise ConfigError(
            f"trainer.epochs={trainer.epoch} is where the checkpoint is, and that epoch was not "
            f"validated; set it to {trainer.epoch + 1} or more"
        )
    checkpointing.begin_history(history)
    where = "after" if trainer.progress is None else "in"
    log.info("going on %s epoch %d, step %d", where, trainer.epoch, trainer.step)


def describe_epoch(epoch: Epoch, config: RunConfig) -> str:
    """One line for the log."""
    record, monitor = epoch.record, config.monitor()
    line = (
        f"epoch {record['epoch']}/{config.trainer.epochs}  loss {record['loss']:.4f}  "
        f"{record['seconds']:.1f} s  {record['triplets_per_second']:,.0f} "
        f"{'triples' if config.loss.learns_from() is LearnsFrom.triples else 'pairs'}/s"
    )
    if record["valid"] is None:
        return line
    line += f"  valid {monitor} {record['valid'][monitor]:.4f}"
    return f"{line}  best so far" if epoch.improved else line
