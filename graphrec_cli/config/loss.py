"""Losses: what a training step minimises."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import AtLeast, Between, Positive, check_fields
from graphrec_cli.config.model import LearnsFrom


class SoftmaxNegatives(Enum):
    """The negatives that a softmax loss compares each positive with."""

    in_batch = "in_batch"
    shared = "shared"


MIN_TEMPERATURE, MAX_TEMPERATURE = 1e-3, 1e3
MAX_NEGATIVES = 1_000_000
MAX_POWER = 10


@dataclass(kw_only=True, slots=True)
class LossConfig:
    """What all losses share."""

    name: str = MISSING
    """Name of the component; the option sets it."""

    def __post_init__(self) -> None:
        check_fields(self, "loss")

    def learns_from(self) -> LearnsFrom:
        """What a batch must contain; the model must accept it."""
        return LearnsFrom.triples

    def unused_keys(self) -> dict[str, str]:
        """Keys that the other values leave without effect, each with the reason."""
        return {}


@dataclass(kw_only=True, slots=True)
class BPRConfig(LossConfig):
    """Bayesian personalised ranking (Rendle et al., UAI 2009)."""

    name: str = "bpr"
    l2: Annotated[float, AtLeast(0)] = 0.0
    """L2 penalty of the batch's layer-0 embeddings: weight of half their squared norm, divided by
    the number of triples."""
    l2_final: Annotated[float, AtLeast(0)] = 0.0
    """L2 penalty of the batch's final embeddings: weight of the sum of the mean squares of user,
    positive and negative embeddings."""
    l2_all: Annotated[float, AtLeast(0)] = 0.0
    """L2 penalty of all layer-0 embeddings, in the batch or not: weight of the sum of their
    squares."""


@dataclass(kw_only=True, slots=True)
class CandidateLossConfig(LossConfig):
    """Base of losses that compare each positive with negatives shared by the batch."""

    negatives: SoftmaxNegatives = SoftmaxNegatives.shared
    """Where negatives come from. shared: num_negatives items sampled each step for the whole batch.
    in_batch: the other positives of the batch."""
    num_negatives: Annotated[int, Between(1, MAX_NEGATIVES)] = 2048
    """Items sampled per step with negatives=shared."""
    uniform_share: Annotated[float, Between(0, 1)] = 0.0
    """Share of the shared negatives sampled uniformly. The rest are sampled by popularity."""
    log_q: bool = True
    """Correct for how often each negative is sampled. false penalises popular items."""
    log_q_power: Annotated[float | None, Between(0, 1)] = None
    """Strength of that correction: the weight of a negative in the sum is divided by the expected
    number of its draws, to this power. With 1 the loss estimates the softmax over the whole
    catalog. null: 1 for a catalog of at most 2,048 items, 0.65 for a larger one."""
    mask_seen: bool = True
    """Leave the user's own train items out of the negatives; false: only the positive itself."""

    def learns_from(self) -> LearnsFrom:
        """Positive pairs and shared candidates."""
        return LearnsFrom.candidates

    def unused_keys(self) -> dict[str, str]:
        """How shared negatives are sampled, if there are none; a correction that is off."""
        unused = {}
        if self.negatives is SoftmaxNegatives.in_batch:
            why = "loss.negatives=in_batch samples no shared negatives"
            unused = {"num_negatives": why, "uniform_share": why}
        if not self.log_q:
            unused["log_q_power"] = "loss.log_q=false corrects nothing"
        return unused


@dataclass(kw_only=True, slots=True)
class SoftmaxConfig(CandidateLossConfig):
    """Softmax over the cosine similarities of each positive and negatives shared by the batch."""

    name: str = "softmax"
    temperature: Annotated[float, Between(MIN_TEMPERATURE, MAX_TEMPERATURE)] = 0.1
    """Divisor of the cosine similarities."""
    user_temperature_spread: Annotated[float | None, Positive()] = None
    """Gives every user their own temperature for the negatives, renewed after each epoch: higher
    where the user's mean loss is above the average. The value is the difference of two losses that
    counts as large, t2 of Adap-tau (Chen et al., WWW 2023). null: one temperature for all."""
    positive_in_denominator: bool = False
    """Whether the sum over the negatives includes the positive, as in the usual softmax. Yeh et
    al., ECCV 2022, leave it out."""
    denominator_power: Annotated[float, Positive(), Between(0, MAX_POWER)] = 1.0
    """Exponent of that sum. Values below 1 weaken the negatives (BSL; Wu et al., ICDE 2024)."""


@dataclass(kw_only=True, slots=True)
class MSEConfig(LossConfig):
    """Mean squared error of predicted ratings."""

    name: str = "mse"

    def learns_from(self) -> LearnsFrom:
        """Pairs with their ratings."""
        return LearnsFrom.ratings
