"""Models that are solved in closed form from the train part, without training steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from graphrec_cli.config.checks import AtLeast, Between, Positive
from graphrec_cli.config.model import LearnsFrom, ModelConfig

MAX_WEIGHT = 1e9
"""With a larger weight, float32 would round away the counts that it is added to."""


@dataclass(kw_only=True, slots=True)
class ClosedFormConfig(ModelConfig):
    """What all closed-form models share."""

    def learns_from(self) -> tuple[LearnsFrom, ...]:
        """Nothing: they are solved, not trained."""
        return ()


@dataclass(kw_only=True, slots=True)
class ItemKNNConfig(ClosedFormConfig):
    """Item-based nearest neighbours by the cosine similarity of the items' users."""

    name: str = "itemknn"
    neighbors: Annotated[int, AtLeast(1)] = 100
    """Number of most similar items kept for each item."""
    shrink: Annotated[float, Between(0, MAX_WEIGHT)] = 0.0
    """Added to the denominator of each cosine. Pairs of items with few shared users get a lower
    similarity."""


@dataclass(kw_only=True, slots=True)
class EASEConfig(ClosedFormConfig):
    """EASE (Steck, WWW 2019): each item is a linear combination of all others."""

    name: str = "ease"
    l2: Annotated[float, Positive(), Between(0, MAX_WEIGHT)] = 100.0
    """L2 penalty of the item-item weights. It is added to the diagonal of the matrix of
    co-occurrence counts."""


@dataclass(kw_only=True, slots=True)
class GFCFConfig(ClosedFormConfig):
    """GF-CF (Shen et al., CIKM 2021): a linear and an ideal low-pass filter on the item graph."""

    name: str = "gfcf"
    alpha: Annotated[float, Between(0, MAX_WEIGHT)] = 0.3
    """Weight of the ideal low-pass filter. The linear filter has weight 1."""
    singular_vectors: Annotated[int, AtLeast(1)] = 256
    """Number of singular vectors in the ideal filter. Fewer are used if the train matrix has
    fewer."""
