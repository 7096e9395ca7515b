"""The training loop: ``fit`` calls ``train_epoch``, which calls ``train_step``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from graphrec_cli.config.trainer import AdamForm, TrainerConfig
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.losses.base import EpochLoss, Loss
from graphrec_cli.models.base import Model
from graphrec_cli.samplers.batch import Batch, BatchSampler
from graphrec_cli.training.adam import Adam
from graphrec_cli.training.best_epoch import Monitor, Selection
from graphrec_cli.training.epoch_progress import EpochProgress
from graphrec_cli.training.graphed_step import GraphedStep
from graphrec_cli.training.loss_watch import LossWatch
from graphrec_cli.training.step_bar import step_bar

_CHECK_EVERY = 50
"""Steps between checks of the loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """The result of one epoch.

    Attributes:
        record: the line of history.jsonl.
        improved: the monitored metric is the best so far; always true without validation.
        last: whether training is finished.
    """

    record: dict[str, Any]
    improved: bool
    last: bool


class Trainer:
    """Adam on sampled batches, with selection and early stopping on the validation part.

    Attributes:
        epoch: the current epoch, or the last finished one; 0 before the first.
        step: optimizer steps taken in total.
        progress: progress within the current epoch, None between two epochs.
        selection: the best epoch so far.
    """

    def __init__(
        self,
        config: TrainerConfig,
        model: Model,
        loss: Loss,
        sampler: BatchSampler,
        validate: Callable[[], dict[str, float]] | None,
        *,
        monitor: Monitor,
        after_step: Callable[[Trainer], None] = lambda trainer: None,
        repeats_steps: bool = False,
    ) -> None:
        """Prepare to train from the first step.

        Args:
            validate: returns the metrics of the validation part; None without one.
            after_step: called after every step; ``state_dict`` may be called there.
            repeats_steps: model and loss do the same in every step, so that a GPU may replay it.
        """
        self.config = config
        self.model = model
        self.loss = loss
        self.sampler = sampler
        self.validate = validate
        self.selection = Selection(monitor)
        self.batch_size = config.batch_size_for(sampler.num_pairs)
        self._after_step = after_step
        self.device = next(model.parameters()).device
        self.optimizer = Adam(
            model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            as_keras=config.adam is AdamForm.keras,
        )
        self.epoch_loss = loss if isinstance(loss, EpochLoss) else None
        if self.epoch_loss is not None:
            self.epoch_loss.start(model)
        self._watch = LossWatch(self.device)
        replays = repeats_steps and self.device.type == "cuda"
        self._take_step: Callable[[Any], Tensor] = (
            GraphedStep(self._update) if replays else self._update
        )
        self.epoch = 0
        self.step = 0
        self.progress: EpochProgress | None = None

    def fit(self) -> Iterator[Epoch]:
        """Train until the last epoch or until patience runs out; yield after every epoch.

        A restored epoch that was interrupted is finished first.

        Raises:
            NonFiniteError: the loss or a weight became NaN or infinite; the selection is
                unchanged.
        """
        while not self._done():
            progress = self._current_epoch()
            loss, examples = self.train_epoch()
            seconds = progress.seconds
            valid = self.validate() if self.validate is not None and self._validates() else None
            self.progress = None
            if self.epoch_loss is not None:
                self.epoch_loss.end_epoch()
            improved = self._select(valid)
            yield Epoch(
                record={
                    "epoch": self.epoch,
                    "step": self.step,
                    "loss": loss,
                    "learning_rate": self.optimizer.param_groups[0]["lr"],
                    "seconds": round(seconds, 3),
                    "triplets_per_second": round(examples / seconds, 1),
                    "valid": valid,
                },
                improved=improved,
                last=self._done(),
            )

    def train_epoch(self) -> tuple[float, int]:
        """Take the remaining steps of the current epoch, or all steps of the next one.

        Returns:
            The mean loss over the epoch's steps, and the number of their examples.
        """
        progress = self._current_epoch()
        batches = self.sampler.epoch(self.config.steps_per_epoch, self.batch_size, progress.steps)
        title = f"epoch {self.epoch}/{self.config.epochs}"
        with step_bar(title, self.steps_per_epoch(), progress) as show_step:
            for batch in batches:
                progress.add(self.train_step(batch), len(batch.users))
                show_step()
                if progress.steps == 1 or progress.steps % _CHECK_EVERY == 0:
                    self._refuse_infinite(self._watch.read(progress.total_loss))
                self._after_step(self)
        # The last step's loss was computed before that step changed the weights.
        self.refuse_non_finite()
        return self._finite_mean(), progress.examples

    def train_step(self, batch: Batch) -> Tensor:
        """Take one optimizer step and return the batch's loss, detached."""
        self.optimizer.set_learning_rate(self.learning_rate())
        loss = self._take_step(batch)
        self.step += 1
        return loss

    def _update(self, batch: Batch) -> Tensor:
        self.optimizer.zero_grad()
        loss = self.loss(self.model, batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that further steps depend on, as tensors and plain values."""
        best = self.selection.best_epoch == self.epoch and self.progress is None
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "loss": {} if self.epoch_loss is None else self.epoch_loss.state_dict(),
            "sampler": self.sampler.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "progress": None if self.progress is None else self.progress.state_dict(),
            **self.selection.state_dict(model_is_best=best),
        }

    def load_state_dict(self, state: dict[str, Any], *, reseed_sampler: bool = False) -> None:
        """Restore ``state``, so that the same batches, steps and selections follow.

        Args:
            reseed_sampler: do not restore the sampler, because the state is from another device
                type.
        """
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if isinstance(self._take_step, GraphedStep):
            # A captured step would still write to the former state's memory.
            self._take_step = GraphedStep(self._update)
        if self.epoch_loss is not None:
            self.epoch_loss.load_state_dict(state.get("loss", {}))
        if not reseed_sampler:
            self.sampler.load_state_dict(state["sampler"])
        self.epoch, self.step = state["epoch"], state["step"]
        progress = state["progress"]
        self.progress = progress and EpochProgress.from_state(progress, self.device)
        self.selection.load_state_dict(state, self.model)

    def refuse_non_finite(self) -> None:
        """Check the losses so far and the weights.

        Raises:
            NonFiniteError: one of them is NaN or infinite.
        """
        self._finite_mean()
        if not all(bool(weights.isfinite().all()) for weights in self.model.parameters()):
            raise self._non_finite("a weight became NaN or infinite")

    def _current_epoch(self) -> EpochProgress:
        if self.progress is None:
            self.epoch += 1
            self.progress = EpochProgress.begin(self.device)
        return self.progress

    def steps_per_epoch(self) -> int:
        """Optimizer steps in a whole epoch."""
        if self.config.steps_per_epoch is not None:
            return self.config.steps_per_epoch
        return -(-self.sampler.num_pairs // self.batch_size)

    def learning_rate(self) -> float:
        """The learning rate of the next step, a function of the step and epoch numbers."""
        config = self.config
        rate = config.learning_rate * config.learning_rate_decay ** (self.epoch - 1)
        if config.final_learning_rate is not None:
            taken = self.step / (config.epochs * self.steps_per_epoch())
            rate += taken * (config.final_learning_rate - rate)
        return rate * min(1.0, (self.step + 1) / max(config.warmup_steps, 1))

    def _validates(self) -> bool:
        return self.epoch % self.config.validate_every == 0 or self.epoch == self.config.epochs

    def _done(self) -> bool:
        if self.progress is not None:
            return False
        patience = self.config.patience
        stale = patience is not None and self.selection.stale_validations >= patience
        return stale or self.epoch >= self.config.epochs

    def _select(self, valid: dict[str, float] | None) -> bool:
        """Keep the epoch if it is the best so far, and return whether it is."""
        if self.validate is None:
            self.selection.keep(self.epoch, None, self.model)
            return True
        return valid is not None and self.selection.consider(self.epoch, valid, self.model)

    def _finite_mean(self) -> float:
        """Mean loss over the steps of the current epoch."""
        if self.progress is None:
            return 0.0
        total = self.progress.total_loss.item()
        self._refuse_infinite(total)
        return float(total / max(self.progress.steps, 1))

    def _refuse_infinite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise self._non_finite(f"the loss became {loss}")

    def _non_finite(self, what: str) -> NonFiniteError:
        return NonFiniteError(
            f"{what} in epoch {self.epoch} by step {self.step}; the checkpoints of earlier epochs "
            "are kept; lower trainer.learning_rate"
        )
