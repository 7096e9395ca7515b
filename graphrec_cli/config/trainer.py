"""Trainer: optimisation, validation and early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from graphrec_cli.config.checks import check_at_least, check_between, check_name, check_positive
from graphrec_cli.errors import ConfigError


class Precision(Enum):
    """Number format of the embeddings that training propagates."""

    fp32 = "fp32"
    bf16 = "bf16"


@dataclass(kw_only=True, slots=True)
class TrainerConfig:
    """Adam over mini-batches, the best state chosen on the valid part."""

    name: str = "trainer"
    epochs: int = 100
    """Most epochs."""
    steps_per_epoch: int | None = None
    """Optimizer steps an epoch; null takes as many as a pass over all train pairs needs."""
    batch_size: int | None = 4096
    """Triples (or rated pairs) a step; null takes as many as there are train pairs."""
    learning_rate: float = 1e-3
    learning_rate_decay: float = 1.0
    """The learning rate is multiplied by it after every epoch."""
    warmup_steps: int = 0
    """First optimizer steps, over which the learning rate grows linearly to its value."""
    final_learning_rate: float | None = None
    """Learning rate after the last step of the last epoch, to which it falls linearly; null lets it
    be."""
    weight_decay: float = 0.0
    """L2 penalty that Adam adds to every gradient."""
    precision: Precision = Precision.fp32
    """bf16: training propagates embeddings and gradients rounded to bfloat16, and adds them up in
    float32; weights, optimizer and evaluation stay in float32."""
    validate_every: int = 1
    """Epochs between validations."""
    valid_users: int | None = None
    """Validate on this many users, drawn once from the seed; null validates on all."""
    monitor: str | None = None
    """Valid metric that selects the best epoch; null takes the evaluation's own: ndcg@10."""
    patience: int | None = None
    """Validations without improvement before training stops; null never stops early."""
    checkpoint_every: int | None = None
    """Epochs between checkpoints; null writes as often as costs less than 1 % of the time."""
    checkpoint_minutes: float | None = 5.0
    """Minutes after which a checkpoint is written within an epoch; null waits for its end."""
    checkpoints_kept: int = 2
    """Newest checkpoints that are kept, last.pt among them."""
    autoresume: bool = False
    """Go on with the newest unfinished run of the same configuration, if there is one."""

    def __post_init__(self) -> None:
        check_name("trainer", self.name, "trainer")
        check_at_least("trainer.epochs", self.epochs, 1)
        check_at_least("trainer.steps_per_epoch", self.steps_per_epoch, 1)
        check_at_least("trainer.batch_size", self.batch_size, 1)
        check_positive("trainer.learning_rate", self.learning_rate)
        check_positive("trainer.learning_rate_decay", self.learning_rate_decay)
        check_between("trainer.learning_rate_decay", self.learning_rate_decay, 0, 1)
        check_at_least("trainer.warmup_steps", self.warmup_steps, 0)
        check_at_least("trainer.final_learning_rate", self.final_learning_rate, 0)
        if self.final_learning_rate is not None and self.learning_rate_decay != 1.0:
            raise ConfigError(
                "trainer.final_learning_rate and trainer.learning_rate_decay both make the "
                "learning rate fall; set one of them"
            )
        check_at_least("trainer.weight_decay", self.weight_decay, 0)
        check_at_least("trainer.validate_every", self.validate_every, 1)
        check_at_least("trainer.valid_users", self.valid_users, 1)
        check_at_least("trainer.patience", self.patience, 1)
        check_at_least("trainer.checkpoint_every", self.checkpoint_every, 1)
        check_positive("trainer.checkpoint_minutes", self.checkpoint_minutes)
        check_between("trainer.checkpoints_kept", self.checkpoints_kept, 1, 100)
