"""Losses: what a training step minimises."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_name
from graphrec_cli.config.model import LearnsFrom


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
class MSEConfig(LossConfig):
    """Mean squared error of predicted ratings."""

    name: str = "mse"

    def learns_from(self) -> LearnsFrom:
        """Pairs with their ratings."""
        return LearnsFrom.ratings

    def __post_init__(self) -> None:
        check_name("loss", self.name, "mse")
