"""The log lines of a training: what it consists of, each epoch, and why it ended."""

from __future__ import annotations

import logging

from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.config.run import RunConfig
from graphrec_cli.terminal_text import counted
from graphrec_cli.training.trainer import Epoch, Trainer

log = logging.getLogger("graphrec")


def describe_start(trainer: Trainer, config: RunConfig) -> str:
    """Say what the training consists of."""
    words = [f"model={config.model.name}", f"loss={config.loss.name}"]
    if config.loss.learns_from() is LearnsFrom.triples:
        words.append(f"sampler={config.sampler.name}")
    words.append(f"sampler.by={config.sampler.by.name}")
    return (
        f"training {' '.join(words)} with learning rate {config.trainer.learning_rate:g}: "
        f"{counted(trainer.steps_per_epoch(), 'step')} of "
        f"{min(trainer.batch_size, trainer.sampler.num_pairs):,} {_examples(config)} an epoch"
    )


def advise_more_steps(trainer: Trainer) -> None:
    """Log what gives more steps an epoch, if it has fewer than four because the data are few."""
    config, steps = trainer.config, trainer.steps_per_epoch()
    unset = config.steps_per_epoch is None and config.min_steps_per_epoch is None
    if unset and config.batch_size is not None and steps < 4:
        log.info(
            "advice: an epoch has only %s; set trainer.min_steps_per_epoch=32 or a smaller "
            "trainer.batch_size",
            counted(steps, "step"),
        )


def _examples(config: RunConfig) -> str:
    return "triples" if config.loss.learns_from() is LearnsFrom.triples else "pairs"


def describe_epoch(epoch: Epoch, config: RunConfig) -> str:
    """Format an epoch as one log line."""
    record, monitor = epoch.record, config.monitor()
    line = (
        f"epoch {record['epoch']}/{config.trainer.epochs}  loss {record['loss']:.4f}  "
        f"{record['seconds']:.1f} s  {record['triplets_per_second']:,.0f} "
        f"{_examples(config)}/s"
    )
    if record["valid"] is None:
        return line
    line += f"  valid {monitor} {record['valid'][monitor]:.4f}"
    return f"{line}  best" if epoch.improved else line


def describe_end(trainer: Trainer) -> str:
    """Say why a finished training ended."""
    config, selection = trainer.config, trainer.selection
    if trainer.epoch < config.epochs:
        number = selection.stale_validations
        unit = ("epoch" if config.validate_every == 1 else "validation") + "s" * (number > 1)
        return (
            f"stopped: no better {selection.monitor.metric} for {number} {unit} "
            f"(trainer.patience); the best epoch is {selection.best_epoch}"
        )
    line = f"finished trainer.epochs={config.epochs}"
    if trainer.validate is None or selection.best_epoch < trainer.epoch:
        return line
    return f"{line}; the last epoch is the best so far, so more epochs may give better metrics"
