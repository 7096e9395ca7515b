"""Selection of the best epoch by a validation metric, and the count that early stopping uses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from graphrec_cli.models.base import Model


@dataclass(frozen=True, slots=True)
class Monitor:
    """The validation metric that selects the best epoch."""

    metric: str = "ndcg@10"
    lower_is_better: bool = False

    def improves(self, valid: dict[str, float], best: dict[str, float] | None) -> bool:
        """Whether ``valid`` is better than ``best``, the best so far; None before the first."""
        if best is None:
            return True
        new, old = valid[self.metric], best[self.metric]
        return new < old if self.lower_is_better else new > old


@dataclass(slots=True)
class Selection:
    """The best epoch and a copy of its weights.

    Attributes:
        best_epoch: counted from 1; 0 before the first epoch. Without validation, the last epoch.
        best_valid: validation metrics of that epoch, None without validation.
        best_state: copy of the model's state at that epoch.
        stale_validations: validations since that epoch.
    """

    monitor: Monitor
    best_epoch: int = 0
    best_valid: dict[str, float] | None = None
    best_state: dict[str, Tensor] = field(default_factory=dict)
    stale_validations: int = 0

    def consider(self, epoch: int, valid: dict[str, float], model: Model) -> bool:
        """Keep the model's state if ``valid`` is the best so far; return whether it is."""
        if not self.monitor.improves(valid, self.best_valid):
            self.stale_validations += 1
            return False
        self.stale_validations = 0
        self.keep(epoch, valid, model)
        return True

    def keep(self, epoch: int, valid: dict[str, float] | None, model: Model) -> None:
        """Make ``epoch`` the best one and copy the model's state."""
        self.best_epoch, self.best_valid = epoch, valid
        self.best_state = _copied(model)

    def state_dict(self, *, model_is_best: bool) -> dict[str, Any]:
        """Return tensors and plain values; ``best_state`` is None where the model has it."""
        return {
            "stale_validations": self.stale_validations,
            "best_epoch": self.best_epoch,
            "best_valid": self.best_valid,
            "best_state": None if model_is_best else self.best_state,
        }

    def load_state_dict(self, state: dict[str, Any], model: Model) -> None:
        """Restore ``state``; ``model`` must have been restored before."""
        self.stale_validations = state["stale_validations"]
        self.best_epoch, self.best_valid = state["best_epoch"], state["best_valid"]
        self.best_state = _copied(model) if state["best_state"] is None else state["best_state"]


def _copied(model: Model) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
