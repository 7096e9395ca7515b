"""Losses: what a training step minimises."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_between, check_name
from graphrec_cli.config.model import LearnsFrom
from graphrec_cli.errors import ConfigError


class SoftmaxNegatives(Enum):
    """What the positive of a softmax loss is compared with."""

    in_batch = "in_batch"
    shared = "shared"


MIN_TEMPERATURE, MAX_TEMPERATURE = 1e-3, 1e3
MAX_NEGATIVES = 1_000_000


@dataclass(kw_only=True, slots=True)
class LossConfig:
    """What all losses share."""

    name: str = MISSING

    def learns_from(self) -> LearnsFrom:
        """What a batch must hold; the model must fit."""
        return LearnsFrom.triples


@dataclass(kw_only=True, slots=True)
class BPRConfig(LossConfig):
    """Bayesian personalised ranking (Rendle et al., UAI 2009)."""

    name: str = "bpr"
    l2: float = 0.0
    """Weight of half the squared norm of the batch's layer-0 embeddings, per triple."""
    l2_final: float = 0.0
    """Weight of the mean squares of the batch's final user, positive and negative embeddings."""
    l2_all: float = 0.0
    """Weight of the sum of squares of all layer-0 embeddings, in the batch or not."""

    def __post_init__(self) -> None:
        check_name("loss", self.name, "bpr")
        check_at_least("loss.l2", self.l2, 0)
        check_at_least("loss.l2_final", self.l2_final, 0)
        check_at_least("loss.l2_all", self.l2_all, 0)


@dataclass(kw_only=True, slots=True)
class SoftmaxConfig(LossConfig):
    """Softmax of each positive among negatives that the batch shares, over cosine similarities.

    A user's own train items are never among its negatives.
    """

    name: str = "softmax"
    temperature: float = 0.2
    """Every cosine similarity is divided by it."""
    negatives: SoftmaxNegatives = SoftmaxNegatives.shared
    """in_batch: the positive items of the batch; shared: num_negatives items, drawn every step."""
    num_negatives: int = 1024
    """Items drawn a step by negatives=shared, a million at most."""
    uniform_share: float = 0.0
    """Of negatives=shared, the share drawn uniformly from the catalog; the rest is drawn by
    popularity. 0 is popularity alone, 1 uniform alone."""
    log_q: bool = True
    """Divide each negative's weight by how often it was to be expected, so that the loss estimates
    the softmax over the whole catalog, however the negatives are drawn."""

    def learns_from(self) -> LearnsFrom:
        """Pairs and the candidates that they are compared with."""
        return LearnsFrom.candidates

    def __post_init__(self) -> None:
        check_name("loss", self.name, "softmax")
        check_between("loss.temperature", self.temperature, MIN_TEMPERATURE, MAX_TEMPERATURE)
        check_between("loss.num_negatives", self.num_negatives, 1, MAX_NEGATIVES)
        check_between("loss.uniform_share", self.uniform_share, 0, 1)
        if self.negatives is SoftmaxNegatives.shared:
            return
        for key, given, default in (
            ("num_negatives", self.num_negatives, 1024),
            ("uniform_share", self.uniform_share, 0.0),
        ):
            if given != default:
                raise ConfigError(
                    f"loss.{key}={given} counts with loss.negatives=shared alone; leave it out, or "
                    "set loss.negatives=shared"
                )


@dataclass(kw_only=True, slots=True)
class MSEConfig(LossConfig):
    """Mean squared error of predicted ratings."""

    name: str = "mse"

    def learns_from(self) -> LearnsFrom:
        """Pairs with their ratings."""
        return LearnsFrom.ratings

    def __post_init__(self) -> None:
        check_name("loss", self.name, "mse")
