"""Losses: what a training step minimises."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_name


@dataclass(kw_only=True, slots=True)
class LossConfig:
    """What all losses share."""

    name: str = MISSING


@dataclass(kw_only=True, slots=True)
class BPRConfig(LossConfig):
    """Bayesian personalised ranking (Rendle et al., UAI 2009)."""

    name: str = "bpr"
    l2: float = 0.0
    """Weight of half the squared norm of the batch's layer-0 embeddings, per triple."""

    def __post_init__(self) -> None:
        check_name("loss", self.name, "bpr")
        check_at_least("loss.l2", self.l2, 0)
