"""When to write checkpoints, what they contain, and how a run resumes from one."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import torch

from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.errors import ConfigError, DifferenceError, OutputError
from graphrec_cli.rundir.config_fingerprint import RESUMABLE, config_sha256
from graphrec_cli.rundir.data_fingerprint import DataIdentity
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.storage.atomic import atomic_write
from graphrec_cli.system.progress import progress
from graphrec_cli.training.checkpoints.store import CheckpointStore
from graphrec_cli.training.trainer import Trainer

log = logging.getLogger("graphrec")

AFFORDABLE = 0.01
"""Share of the time that checkpoints may take if ``trainer.checkpoint_every`` is not set."""


def run_stamp(saved: SavedConfig, identity: DataIdentity) -> dict[str, str]:
    """Digests of the config and the data, which every checkpoint of the run contains."""
    return {
        "configuration_sha256": config_sha256(config_to_dict(saved), but=RESUMABLE),
        "split_sha256": identity.split_hash,
    }


class Schedule:
    """Decides when a checkpoint is due."""

    def __init__(
        self, config: TrainerConfig, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Start the clock.

        Args:
            clock: returns seconds since any fixed moment.
        """
        self._every = config.checkpoint_every
        self._minutes = config.checkpoint_minutes
        self._clock = clock
        self._written_at = clock()
        self._cost = 0.0

    def epoch_is_due(self, epoch: int) -> bool:
        """Whether to write a checkpoint after ``epoch``."""
        if self._every is not None:
            return epoch % self._every == 0
        return self._cost <= AFFORDABLE * (self._clock() - self._written_at)

    def step_is_due(self) -> bool:
        """Whether to write a checkpoint between two steps, in the middle of an epoch."""
        waited = self._clock() - self._written_at
        return self._minutes is not None and waited >= 60 * self._minutes

    def record_write(self, seconds: float) -> None:
        """Record that a checkpoint was just written and took ``seconds``."""
        self._cost, self._written_at = seconds, self._clock()


class Checkpointing:
    """Writes and finds the checkpoints of one run directory.

    Of several processes, the first has this, and the others a ``CheckpointHelper``.

    Attributes:
        history: one row per epoch, as in history.jsonl.
        seconds: total time spent writing checkpoints.
    """

    def __init__(
        self,
        run: RunDirectory,
        config: TrainerConfig,
        stamp: dict[str, str],
        processes: Processes = ONE_PROCESS,
    ) -> None:
        """Start with a run directory that has no checkpoints.

        Args:
            stamp: digests that identify the run's config and data.
            processes: those that have the columns of the tables.
        """
        self.history: list[dict[str, Any]] = []
        self.seconds = 0.0
        self._run = run
        self._stamp = stamp
        self._epochs = config.epochs
        self._store = CheckpointStore(run.checkpoints, config.checkpoints_kept)
        self._schedule = Schedule(config)
        self._processes = processes
        self._best_on_disk: int | None = None

    def after_step(self, trainer: Trainer) -> None:
        """Write a checkpoint between two steps if enough minutes have passed."""
        if self._processes.first_decides(self._schedule.step_is_due()):
            self.save(trainer)

    def after_epoch(self, trainer: Trainer, record: dict[str, Any], *, last: bool) -> None:
        """Append the epoch's row to the history, and write a checkpoint if one is due."""
        self.history.append(record)
        self._run.append_history(record)
        due = last or self._schedule.epoch_is_due(trainer.epoch)
        if self._processes.first_decides(due):
            self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write ``last.pt``, and ``best.pt`` if the best epoch has changed.

        Raises:
            NonFiniteError: a loss or weight is NaN or infinite; nothing is written.
            OutputError: a file cannot be written; the old files are intact.
        """
        trainer.refuse_non_finite()
        started = time.perf_counter()
        state = self._processes.whole_state(trainer.state_dict())
        if trainer.selection.best_epoch:
            is_model = state["best_state"] is None
            self.save_best(
                trainer.selection.best_epoch, state["model" if is_model else "best_state"]
            )
        metadata = {**self._stamp, "device": trainer.device.type, "history": self.history}
        with progress("writing last.pt"):
            self._store.save_last(metadata | state)
        seconds = time.perf_counter() - started
        self.seconds += seconds
        self._schedule.record_write(seconds)

    def log_cost(self, training_seconds: float) -> None:
        """Log the time spent on checkpoints if the training took ten seconds or more."""
        if training_seconds >= 10:
            share = self.seconds / training_seconds
            log.info("checkpoints took %.1f s, %.1f %% of the training", self.seconds, 100 * share)

    def save_best(self, epoch: int, model: dict[str, Any]) -> None:
        """Write ``best.pt``, unless it already contains this epoch.

        Args:
            model: the model's state, with whole tables.

        Raises:
            OutputError: it cannot be written; the old file is intact.
        """
        if epoch != self._best_on_disk:
            with progress("writing best.pt"):
                self._store.save_best({**self._stamp, "epoch": epoch, "model": model})
            self._best_on_disk = epoch

    def find(self, device: torch.device) -> dict[str, Any] | None:
        """Load the newest intact checkpoint, None if the run has none; nothing is changed.

        Raises:
            ConfigError: the checkpoint's epoch is beyond ``trainer.epochs``.
            DifferenceError: it was written with another config or other data.
            OutputError: it cannot be read.
        """
        self._store.reopen()
        state = self._store.load_last(device)
        if state is not None:
            self._refuse_other(state)
        return state

    def begin_history(self, history: list[dict[str, Any]]) -> None:
        """Cut history.jsonl back to the history of the checkpoint that training resumes from.

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
            raise OutputError(
                f"cannot resume from the checkpoints in {where}: they contain no training state"
            )
        for key, value in self._stamp.items():
            if state.get(key) != value:
                what = key.removesuffix("_sha256")
                raise DifferenceError(
                    f"the checkpoints in {where} were written with a different {what}; restore it, "
                    f"or start again with graphrec train --from {where.parent}"
                )
        if epoch > self._epochs:
            raise ConfigError(
                f"trainer.epochs={self._epochs} is less than the epoch of the checkpoint, {epoch}; "
                f"set it to {epoch} or more"
            )
