"""Models that are computed from the train part in one go, without a training step."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec_cli.config.checks import check_at_least, check_between, check_name, check_positive
from graphrec_cli.config.model import LearnsFrom, ModelConfig

MAX_WEIGHT = 1e9
"""Beyond it, what float32 has beside a weight is lost in rounding."""


@dataclass(kw_only=True, slots=True)
class ClosedFormConfig(ModelConfig):
    """What they share: nothing is learnt step by step."""

    def learns_from(self) -> LearnsFrom:
        """They are solved and not trained."""
        return LearnsFrom.nothing


@dataclass(kw_only=True, slots=True)
class ItemKNNConfig(ClosedFormConfig):
    """Item-based nearest neighbours by the cosine of two items' users."""

    name: str = "itemknn"
    neighbors: int = 100
    """Most similar items that each item keeps."""
    shrink: float = 0.0
    """Added to the denominator of every cosine, so that few shared users count for less."""

    def __post_init__(self) -> None:
        check_name("model", self.name, "itemknn")
        check_at_least("model.neighbors", self.neighbors, 1)
        check_between("model.shrink", self.shrink, 0, MAX_WEIGHT)


@dataclass(kw_only=True, slots=True)
class EASEConfig(ClosedFormConfig):
    """EASE (Steck, WWW 2019): every item as a linear combination of all others."""

    name: str = "ease"
    l2: float = 100.0
    """L2 penalty of the weights, beside counts of interactions."""

    def __post_init__(self) -> None:
        check_name("model", self.name, "ease")
        check_positive("model.l2", self.l2)
        check_between("model.l2", self.l2, 0, MAX_WEIGHT)


@dataclass(kw_only=True, slots=True)
class GFCFConfig(ClosedFormConfig):
    """GF-CF (Shen et al., CIKM 2021): a linear and an ideal low-pass filter on the item graph."""

    name: str = "gfcf"
    alpha: float = 0.3
    """Weight of the ideal low-pass filter beside the linear one; 0 leaves it out."""
    singular_vectors: int = 256
    """Singular vectors that the ideal filter lets pass; at most as many as there are."""

    def __post_init__(self) -> None:
        check_name("model", self.name, "gfcf")
        check_between("model.alpha", self.alpha, 0, MAX_WEIGHT)
        check_at_least("model.singular_vectors", self.singular_vectors, 1)
