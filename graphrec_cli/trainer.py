"""Training: fit, then train_epoch, then train_step; the best epoch is chosen on valid alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from graphrec_cli.adam import Adam
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.losses import Loss
from graphrec_cli.models.base import Model
from graphrec_cli.samplers.batch import Batch, BatchSampler

_CHECK_EVERY = 50
"""Steps between looks at the loss, each of which waits for the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one epoch left behind.

    Attributes:
        record: the line of history.jsonl.
        improved: the valid metric that selects is the best so far; always without validation.
        last: no further epoch follows.
    """

    record: dict[str, Any]
    improved: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Monitor:
    """The valid metric that selects the best epoch."""

    metric: str = "ndcg@10"
    lower_is_better: bool = False

    def improves(self, valid: dict[str, float], best: dict[str, float] | None) -> bool:
        """Whether ``valid`` is better than the best so far, None before there is one."""
        if best is None:
            return True
        new, old = valid[self.metric], best[self.metric]
        return new < old if self.lower_is_better else new > old


class Trainer:
    """Adam on sampled batches, with selection and early stopping on the valid part.

    Attributes:
        best_state: copy of the model's state at the best epoch; without validation, at the last.
        best_epoch: that epoch, from 1; 0 before the first.
        best_valid: its valid metrics, None without validation.
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
        show_progress: bool,
    ) -> None:
        self.config = config
        self.model = model
        self.loss = loss
        self.sampler = sampler
        self.validate = validate
        self.monitor = monitor
        self.batch_size = config.batch_size or sampler.num_pairs
        self.show_progress = show_progress
        self.optimizer = Adam(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.epoch = 0
        self.step = 0
        self.stale_validations = 0
        self.best_epoch = 0
        self.best_valid: dict[str, float] | None = None
        self.best_state: dict[str, Tensor] = {}

    def fit(self) -> Iterator[Epoch]:
        """Train, yielding after every epoch, until the last epoch or until patience runs out.

        Raises:
            NonFiniteError: the loss or a weight became NaN or infinite; ``best_state`` is as it
                was before.
        """
        while not self._done():
            self.epoch += 1
            learning_rate = self._set_learning_rate()
            started = time.perf_counter()
            loss, triples = self.train_epoch()
            seconds = time.perf_counter() - started
            valid = self.validate() if self.validate is not None and self._validates() else None
            improved = self._select(valid)
            yield Epoch(
                record={
                    "epoch": self.epoch,
                    "step": self.step,
                    "loss": loss,
                    "learning_rate": learning_rate,
                    "seconds": round(seconds, 3),
                    "triplets_per_second": round(triples / seconds, 1),
                    "valid": valid,
                },
                improved=improved,
                last=self._done(),
            )

    def train_epoch(self) -> tuple[float, int]:
        """Take an epoch's steps; returns the mean loss of a step and the number of examples."""
        steps_taken, triples = 0, 0
        total = torch.zeros((), device=next(self.model.parameters()).device, dtype=torch.float64)
        batches = self.sampler.epoch(self.config.steps_per_epoch, self.batch_size)
        bar = tqdm(
            batches,
            total=self._steps_per_epoch(),
            desc=f"epoch {self.epoch}/{self.config.epochs}",
            unit="step",
            leave=False,
            disable=not self.show_progress,
        )
        for batch in bar:
            total += self.train_step(batch)
            steps_taken += 1
            triples += len(batch.users)
            if steps_taken == 1 or steps_taken % _CHECK_EVERY == 0:
                mean = self._finite_mean(total, steps_taken)
                rate = triples / max(bar.format_dict["elapsed"], 1e-9)
                bar.set_postfix_str(f"loss {mean:.4f}, {rate:,.0f} examples/s", refresh=False)
        mean = self._finite_mean(total, steps_taken)
        # The last step's loss was finite before that step changed the weights.
        if not all(bool(weights.isfinite().all()) for weights in self.model.parameters()):
            raise self._non_finite("a weight became NaN or infinite")
        return mean, triples

    def train_step(self, batch: Batch) -> Tensor:
        """One optimizer step; returns the batch's loss, detached."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model, batch)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        return loss.detach()

    def state_dict(self) -> dict[str, Any]:
        """All that further epochs depend on, as tensors and plain values; not ``best_state``."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "sampler": self.sampler.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "stale_validations": self.stale_validations,
            "best_epoch": self.best_epoch,
            "best_valid": self.best_valid,
        }

    def _steps_per_epoch(self) -> int:
        if self.config.steps_per_epoch is not None:
            return self.config.steps_per_epoch
        return -(-self.sampler.num_pairs // self.batch_size)

    def _set_learning_rate(self) -> float:
        """The learning rate of this epoch, which follows from its number alone."""
        rate = self.config.learning_rate * self.config.learning_rate_decay ** (self.epoch - 1)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _validates(self) -> bool:
        return self.epoch % self.config.validate_every == 0 or self.epoch == self.config.epochs

    def _done(self) -> bool:
        patience = self.config.patience
        stale = patience is not None and self.stale_validations >= patience
        return stale or self.epoch >= self.config.epochs

    def _select(self, valid: dict[str, float] | None) -> bool:
        """Keep a copy of the state if it is the best so far, or the newest without validation."""
        if self.validate is None:
            self._keep(None)
            return True
        if valid is None:
            return False
        if not self.monitor.improves(valid, self.best_valid):
            self.stale_validations += 1
            return False
        self.stale_validations = 0
        self._keep(valid)
        return True

    def _keep(self, valid: dict[str, float] | None) -> None:
        self.best_epoch, self.best_valid = self.epoch, valid
        self.best_state = {
            name: value.detach().clone() for name, value in self.model.state_dict().items()
        }

    def _finite_mean(self, total: Tensor, steps: int) -> float:
        mean = total.item() / max(steps, 1)
        if not math.isfinite(mean):
            raise self._non_finite(f"the loss became {mean}")
        return float(mean)

    def _non_finite(self, what: str) -> NonFiniteError:
        return NonFiniteError(
            f"{what} in epoch {self.epoch} by step {self.step}; the checkpoints of earlier epochs "
            "are kept; lower trainer.learning_rate"
        )
