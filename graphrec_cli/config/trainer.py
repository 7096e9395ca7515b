"""Trainer: optimisation, validation and early stopping."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec_cli.config.checks import check_at_least, check_between, check_name, check_positive


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
    weight_decay: float = 0.0
    """L2 penalty that Adam adds to every gradient."""
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
        check_at_least("trainer.weight_decay", self.weight_decay, 0)
        check_at_least("trainer.validate_every", self.validate_every, 1)
        check_at_least("trainer.valid_users", self.valid_users, 1)
        check_at_least("trainer.patience", self.patience, 1)
        check_at_least("trainer.checkpoint_every", self.checkpoint_every, 1)
        check_positive("trainer.checkpoint_minutes", self.checkpoint_minutes)
        check_between("trainer.checkpoints_kept", self.checkpoints_kept, 1, 100)
