"""When the state of a training is written, what is written, and how a training goes on from it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import torch

from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.errors import ConfigError, DifferenceError, OutputError
from graphrec_cli.rundir.config_fingerprint import RESUMABLE, config_sha256
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.storage.atomic import atomic_write
from graphrec_cli.training.checkpoints.store import CheckpointStore
from graphrec_cli.training.trainer import Trainer

log = logging.getLogger("graphrec")

AFFORDABLE = 0.01
"""Share of the time that checkpoints may take where their number of epochs is not set."""


def run_stamp(saved: SavedConfig, identity: DataIdentity) -> dict[str, str]:
    """What a checkpoint says of the configuration and the data that it was made with."""
    return {
        "configuration_sha256": config_sha256(config_to_dict(saved), but=RESUMABLE),
        "split_sha256": identity.split_hash,
    }


class Schedule:
    """Which moments are due for a checkpoint."""

    def __init__(
        self, config: TrainerConfig, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Start the clock.

        Args:
            clock: seconds from any beginning.
        """
        self._every = config.checkpoint_every
        self._minutes = config.checkpoint_minutes
        self._clock = clock
        self._written_at = clock()
        self._cost = 0.0

    def epoch_is_due(self, epoch: int) -> bool:
        """Whether the state after ``epoch`` is to be written."""
        if self._every is not None:
            return epoch % self._every == 0
        return self._cost <= AFFORDABLE * (self._clock() - self._written_at)

    def step_is_due(self) -> bool:
        """Whether the state between two steps is to be written."""
        waited = self._clock() - self._written_at
        return self._minutes is not None and waited >= 60 * self._minutes

    def wrote(self, seconds: float) -> None:
        """A checkpoint was written just now, which took ``seconds``."""
        self._cost, self._written_at = seconds, self._clock()


class Checkpointing:
    """Keeps a training's state in its run directory.

    Attributes:
        history: a row an epoch, as in history.jsonl.
        seconds: what writing checkpoints has taken.
    """

    def __init__(self, run: RunDirectory, config: TrainerConfig, stamp: dict[str, str]) -> None:
        """Begin in a run directory without checkpoints.

        Args:
            stamp: digests that tell the run's configuration and data from others.
        """
        self.history: list[dict[str, Any]] = []
        self.seconds = 0.0
        self._run = run
        self._stamp = stamp
        self._epochs = config.epochs
        self._store = CheckpointStore(run.checkpoints, config.checkpoints_kept)
        self._schedule = Schedule(config)
        self._best_on_disk: int | None = None

    def after_step(self, trainer: Trainer) -> None:
        """Write the state between two steps if enough minutes have passed."""
        if self._schedule.step_is_due():
            self.save(trainer)

    def after_epoch(self, trainer: Trainer, record: dict[str, Any], *, last: bool) -> None:
        """Add the epoch's row to the history, and write the state if it is due."""
        self.history.append(record)
        self._run.append_history(record)
        if last or self._schedule.epoch_is_due(trainer.epoch):
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write the best state, if it is new, and the state as it is.

        Raises:
            NonFiniteError: there is no state that is worth keeping.
            OutputError: a file cannot be written; the old ones are whole.
        """
        trainer.refuse_non_finite()
        started = time.perf_counter()
        selection = trainer.selection
        if selection.best_epoch:
            self.save_best(selection.best_epoch, selection.best_state)
        about = {**self._stamp, "device": trainer.device.type, "history": self.history}
        self._store.save_last(about | trainer.state_dict())
        seconds = time.perf_counter() - started
        self.seconds += seconds
        self._schedule.wrote(seconds)

    def log_cost(self, training_seconds: float) -> None:
        """Say what writing checkpoints has taken of a training of some length."""
        if training_seconds >= 10:
            share = self.seconds / training_seconds
            log.info("checkpoints took %.1f s, %.1f %% of the training", self.seconds, 100 * share)

    def save_best(self, epoch: int, model: dict[str, Any]) -> None:
        """Write the selected state, unless it is there.

        Raises:
            OutputError: it cannot be written; the old file is whole.
        """
        if epoch != self._best_on_disk:
            self._store.save_best({**self._stamp, "epoch": epoch, "model": model})
            self._best_on_disk = epoch

    def find(self, device: torch.device) -> dict[str, Any] | None:
        """The newest sound state, None where there is none; nothing is changed.

        Raises:
            ConfigError: the state is beyond ``trainer.epochs``.
            DifferenceError: it is of another configuration or of other data.
            OutputError: it cannot be read.
        """
        self._store.reopen()
        state = self._store.load_last(device)
        if state is not None:
            self._refuse_other(state)
        return state

    def begin_history(self, history: list[dict[str, Any]]) -> None:
        """Cut the history back to that of the state that the training goes on from.

        Raises:
            OutputError: the file cannot be written.
        """
        self.history = history
        lines = "".join(f"{json.dumps(record, allow_nan=False)}\n" for record in self.history)
        with atomic_write(self._run.history) as file:
            file.write(lines.encode())

    def _refuse_other(self, state: dict[str, Any]) -> None:
        where = self._run.checkpoints
        epoch = state.get("epoch")
        if not isinstance(epoch, int) or "history" not in state:
            raise OutputError(f"cannot read the checkpoints in {where}: they hold no training")
        for key, value in self._stamp.items():
            if state.get(key) != value:
                what = key.removesuffix("_sha256")
                raise DifferenceError(
                    f"the {what} is not the one that the checkpoints in {where} were made with; "
                    f"put the old one back, or start anew with graphrec train --from {where.parent}"
                )
        if epoch > self._epochs:
            raise ConfigError(
                f"trainer.epochs={self._epochs} is behind the checkpoint, which is in epoch "
                f"{epoch}; set it to {epoch} or more"
            )
