"""Building a model and training it, with history and checkpoints written as it goes."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Any

import torch

from graphrec_cli import components
from graphrec_cli.checkpoint import save_checkpoint
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.parts import Split
from graphrec_cli.device import torch_generator
from graphrec_cli.models.base import Model, Recommender
from graphrec_cli.rundir import RunDirectory
from graphrec_cli.samplers.rated_pairs import RatedPairSampler
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.trainer import Epoch, Monitor, Trainer

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
    run: RunDirectory,
    device: torch.device,
    *,
    selects_on: str = SELECTS_ON,
) -> Fitted:
    """Train if the model learns at all; ``checkpoints/best.pt`` is there either way.

    Args:
        selects_on: the part whose metric chooses the best epoch, where the split has a valid part.

    Raises:
        NonFiniteError: the loss or a valid score became NaN or infinite.
    """
    if config.model.learns_from() is LearnsFrom.nothing:
        save_checkpoint(run.best, {"epoch": 0, "model": model.state_dict()})
        return Fitted(model=model, best_epoch=0, history=[])
    trainer = build_trainer(config, model, split, device, selects_on=selects_on)
    history: list[dict[str, Any]] = []
    for epoch in trainer.fit():
        history.append(epoch.record)
        log.info("%s", describe_epoch(epoch, config))
        run.append_history(epoch.record)
        due = epoch.last or trainer.epoch % config.trainer.checkpoint_every == 0
        # Without validation every epoch is the best so far, and is written when the last one is.
        if epoch.improved and (due or split.valid is not None):
            save_best(trainer, run)
        if due:
            save_checkpoint(run.last, trainer.state_dict())
    model.load_state_dict(trainer.best_state)
    return Fitted(model=model, best_epoch=trainer.best_epoch, history=history)


def build_trainer(
    config: RunConfig, model: Model, split: Split, device: torch.device, *, selects_on: str
) -> Trainer:
    """Sampler, loss, validation and optimizer around ``model``."""
    sampler: TripleSampler | RatedPairSampler
    if config.loss.learns_from() is LearnsFrom.ratings:
        generator = torch_generator(config.seed, "sampler", device)
        sampler = RatedPairSampler(
            config.sampler.by, split.train, generator=generator, device=device
        )
    else:
        sampler = build_sampler(config, split.train, device)
    if sampler.skipped_users:
        log.warning("%d users have seen all that could be sampled: skipped", sampler.skipped_users)

    evaluate_part = components.EVALUATIONS[config.evaluation.name].evaluate_part

    def validate() -> dict[str, float]:
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


def build_sampler(config: RunConfig, train: UserItems, device: torch.device) -> TripleSampler:
    """The configured sampler of triples, at the start of its draws."""
    generator = torch_generator(config.seed, "sampler", device)
    build = components.SAMPLERS[config.sampler.name]
    return build(config.sampler, train, generator=generator, device=device)


def save_best(trainer: Trainer, run: RunDirectory) -> None:
    """Write the selected state."""
    save_checkpoint(run.best, {"epoch": trainer.best_epoch, "model": trainer.best_state})


def describe_epoch(epoch: Epoch, config: RunConfig) -> str:
    """One line for the log."""
    record, monitor = epoch.record, config.monitor()
    line = (
        f"epoch {record['epoch']}/{config.trainer.epochs}  loss {record['loss']:.4f}  "
        f"{record['seconds']:.1f} s  {record['triplets_per_second']:,.0f} "
        f"{'pairs' if config.loss.learns_from() is LearnsFrom.ratings else 'triples'}/s"
    )
    if record["valid"] is None:
        return line
    line += f"  valid {monitor} {record['valid'][monitor]:.4f}"
    return f"{line}  best so far" if epoch.improved else line
