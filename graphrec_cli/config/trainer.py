"""Trainer: optimisation, validation and early stopping."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from graphrec_cli.config.checks import AtLeast, Between, Positive, check_fields
from graphrec_cli.errors import ConfigError


class Precision(Enum):
    """Number format of the embeddings that training propagates."""

    fp32 = "fp32"
    bf16 = "bf16"


class AdamForm(Enum):
    """Whose Adam it is."""

    torch = "torch"
    keras = "keras"


@dataclass(kw_only=True, slots=True)
class TrainerConfig:
    """Adam over mini-batches; the epoch with the best valid metric is kept."""

    name: str = "trainer"
    """Name of the component; the option sets it."""
    epochs: Annotated[int, AtLeast(1)] = 30
    """Maximum number of epochs."""
    steps_per_epoch: Annotated[int | None, AtLeast(1)] = None
    """Optimizer steps per epoch; null: one pass over the train pairs."""
    batch_size: Annotated[int | None, AtLeast(1)] = 4096
    """Triples or pairs per step, or fewer by min_steps_per_epoch; null: all train pairs."""
    min_steps_per_epoch: Annotated[int | None, AtLeast(1)] = 64
    """Batches become smaller than batch_size where one pass over the train pairs would have fewer
    steps than this; null: never."""
    learning_rate: Annotated[float, Positive()] = 0.002
    """Adam's learning rate."""
    learning_rate_decay: Annotated[float, Positive(), Between(0, 1)] = 1.0
    """Factor on the learning rate after each epoch."""
    warmup_steps: Annotated[int, AtLeast(0)] = 0
    """Steps of linear learning-rate warm-up."""
    final_learning_rate: Annotated[float | None, AtLeast(0)] = 0.0
    """Learning rate at the end of the last epoch. The rate falls linearly to it; null keeps the
    rate constant."""
    weight_decay: Annotated[float, AtLeast(0)] = 0.0
    """Adam's weight decay: an L2 penalty added to the gradients."""
    adam: AdamForm = AdamForm.torch
    """Where Adam's epsilon stands. torch: 1e-8, after the correction for bias. keras: 1e-7, before
    it, so that the first steps are shorter where gradients are tiny."""
    precision: Precision = Precision.fp32
    """Number format of propagation in training. bf16 rounds embeddings and gradients to bfloat16
    and accumulates in float32; weights, optimizer and evaluation stay in float32."""
    validate_every: Annotated[int, AtLeast(1)] = 1
    """Epochs between validations."""
    valid_users: Annotated[int | None, AtLeast(1)] = None
    """Number of users to validate on, sampled once by the seed; null: all."""
    monitor: str | None = None
    """Valid metric that selects the best epoch, such as recall@20. null: ndcg@10, or rmse with
    evaluation=rating."""
    patience: Annotated[int | None, AtLeast(1)] = None
    """Validations without improvement before early stopping; null: never stop early."""
    checkpoint_every: Annotated[int | None, AtLeast(1)] = None
    """Epochs between checkpoints. null: as often as takes less than 1 % of the training time."""
    checkpoint_minutes: Annotated[float | None, Positive()] = 5.0
    """Minutes between checkpoints within an epoch; null: only at the end of an epoch."""
    checkpoints_kept: Annotated[int, Between(1, 100)] = 2
    """Number of newest checkpoints to keep, last.pt included."""
    autoresume: bool = False
    """Resume the newest unfinished run of the same configuration under output_dir, if any."""

    def __post_init__(self) -> None:
        check_fields(self, "trainer")
        if self.final_learning_rate is not None and self.learning_rate_decay != 1.0:
            raise ConfigError(
                "trainer.final_learning_rate and trainer.learning_rate_decay both lower the "
                "learning rate; set one of them, the other to null or 1"
            )

    def batch_size_for(self, num_pairs: int) -> int:
        """Examples per step with this number of train pairs."""
        if self.batch_size is None:
            return num_pairs
        if self.min_steps_per_epoch is None:
            return self.batch_size
        return min(self.batch_size, -(-num_pairs // self.min_steps_per_epoch))
