"""Building a model and training it, with history and checkpoints written as it goes."""

from __future__ import annotations

import logging
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch

from graphrec_cli import components
from graphrec_cli.config.loss import SoftmaxConfig
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.trainer import Precision
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import ConfigError, Interrupted, OutputError
from graphrec_cli.models.base import Model, Recommender
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.samplers.candidates import CandidateSampler, build_candidates
from graphrec_cli.samplers.rated_pairs import RatedPairSampler
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.system.device import torch_generator
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.checkpoints.schedule import Checkpointing
from graphrec_cli.training.checkpoints.validate import check_content
from graphrec_cli.training.trainer import Epoch, Trainer

log = logging.getLogger("graphrec")

SELECTS_ON = "valid"
"""The part whose metric chooses the best epoch."""


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


def build_model(config: RunConfig, train: UserItems, device: torch.device) -> Recommender:
    """The configured model, on the graph of ``train`` alone."""
    # The initial weights are drawn on the CPU, so that they do not depend on the device.
    generator = torch_generator(config.seed, "init", torch.device("cpu"))
    build = components.MODELS[config.model.name]
    return build(config.model, train, generator=generator, device=device)


def fit_model(
    config: RunConfig,
    model: Model,
    split: Split,
    device: torch.device,
    *,
    checkpointing: Checkpointing,
    signals: StopSignals,
    resumed: bool,
    selects_on: str = SELECTS_ON,
) -> Fitted:
    """Train if the model learns at all; ``checkpoints/best.pt`` is there either way.

    A signal ends the training after the step under way, whose state is then written.

    Args:
        selects_on: the part whose metric chooses the best epoch, where the split has a valid part.
        resumed: go on from the newest checkpoint, if there is one.

    Raises:
        Interrupted: a signal came.
        NonFiniteError: the loss or a valid score became NaN or infinite.
    """
    if config.model.learns_from() is LearnsFrom.nothing:
        if isinstance(model, ClosedForm):
            solve(model)
        checkpointing.save_best(0, model.state_dict())
        return Fitted(model=model, best_epoch=0, history=[])
    state = checkpointing.find(device) if resumed else None
    trainer = build_trainer(
        config,
        model,
        split,
        device,
        signals,
        stream=stream_after(state, device),
        selects_on=selects_on,
    )
    if resumed:
        take_up(state, trainer, checkpointing)

    def after_step() -> None:
        signals.check()
        checkpointing.after_step(trainer)

    trainer.after_step = after_step
    started = time.perf_counter()
    with signals.held():
        try:
            for epoch in trainer.fit():
                log.info("%s", describe_epoch(epoch, config))
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
    """Compute the state of a model that is not trained, and say what it took."""
    started = time.perf_counter()
    model.solve()
    log.info("solved in %.1f s", time.perf_counter() - started)


def build_trainer(
    config: RunConfig,
    model: Model,
    split: Split,
    device: torch.device,
    signals: StopSignals,
    *,
    stream: str,
    selects_on: str,
) -> Trainer:
    """Sampler, loss, validation and optimizer around ``model``, before the first step.

    Args:
        stream: of the sampler's draws.
    """
    if config.trainer.precision is Precision.bf16:
        model.train_in(torch.bfloat16)
    sampler = build_batch_sampler(config, split.train, device, stream)
    if sampler.skipped_users:
        log.warning("%d users have seen all that could be sampled: skipped", sampler.skipped_users)

    evaluate_part = components.EVALUATIONS[config.evaluation.name].evaluate_part

    def validate() -> dict[str, float]:
        with signals.released():
            return evaluate_part(model, config, split=split, part=selects_on, device=device).metrics

    monitor = config.monitor()
    return Trainer(
        config.trainer,
        model,
        components.LOSSES[config.loss.name](config.loss),
        sampler,
        None if split.valid is None else validate,
        monitor=Monitor(monitor, config.evaluation.lower_is_better(monitor)),
        show_progress=sys.stderr.isatty(),
    )


def stream_after(state: dict[str, Any] | None, device: torch.device) -> str:
    """The stream that the sampler draws from; another one where the device is of another kind."""
    if state is None or state.get("device") == device.type:
        return "sampler"
    log.warning(
        "the checkpoint was made on %s, whose draws %s cannot go on with: from here on the run is "
        "not the one that it would have been",
        state.get("device"),
        device.type,
    )
    return f"sampler, on {device.type} from step {state.get('step')}"


def take_up(state: dict[str, Any] | None, trainer: Trainer, checkpointing: Checkpointing) -> None:
    """Bring the trainer and the history to where a checkpoint left off; None is the beginning.

    Raises:
        ConfigError: the run would end without the validation that its last epoch has.
        OutputError: the state is not one of this trainer.
    """
    if state is None:
        checkpointing.begin_history([])
        return
    draws_anew = state.get("device") != trainer.device.type
    try:
        check_content(state, trainer, draws_anew=draws_anew)
        trainer.load_state_dict(state, draws_anew=draws_anew)
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


def build_batch_sampler(
    config: RunConfig, train: UserItems, device: torch.device, stream: str = "sampler"
) -> TripleSampler | CandidateSampler | RatedPairSampler:
    """The sampler of what the loss learns from, at the start of the draws of ``stream``."""
    generator = torch_generator(config.seed, stream, device)
    by = config.sampler.by
    if isinstance(config.loss, SoftmaxConfig):
        return build_candidates(config.loss, by, train, generator=generator, device=device)
    if config.loss.learns_from() is LearnsFrom.ratings:
        return RatedPairSampler(by, train, generator=generator, device=device)
    return build_sampler(config, train, device, stream)


def build_sampler(
    config: RunConfig, train: UserItems, device: torch.device, stream: str = "sampler"
) -> TripleSampler:
    """The configured sampler of triples, at the start of the draws of ``stream``."""
    generator = torch_generator(config.seed, stream, device)
    build = components.SAMPLERS[config.sampler.name]
    return build(config.sampler, train, generator=generator, device=device)


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
