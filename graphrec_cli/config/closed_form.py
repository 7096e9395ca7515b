"""Models that are solved in closed form from the train part, without training steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from graphrec_cli.config.checks import AtLeast, Between, Positive
from graphrec_cli.config.model import LearnsFrom, ModelConfig

MAX_ORDER = 100
MAX_FLATNESS = 100.0
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
class GraphFilterConfig(ClosedFormConfig):
    """What graph filters with an ideal low-pass part share."""

    alpha: Annotated[float, Between(0, MAX_WEIGHT)] = 0.3
    """Weight of the ideal low-pass filter. The other filter has weight 1."""
    singular_vectors: Annotated[int, AtLeast(1)] = 256
    """Number of singular vectors in the ideal filter. Fewer are used if the train matrix has
    fewer."""


@dataclass(kw_only=True, slots=True)
class GFCFConfig(GraphFilterConfig):
    """GF-CF (Shen et al., CIKM 2021): a linear and an ideal low-pass filter on the item graph."""

    name: str = "gfcf"


@dataclass(kw_only=True, slots=True)
class ChebyCFConfig(GraphFilterConfig):
    """ChebyCF (Kim et al., SIGIR 2025): a smooth and an ideal low-pass filter on the item graph."""

    name: str = "chebycf"
    alpha: Annotated[float, Between(0, MAX_WEIGHT)] = 0.1
    """Weight of the ideal low-pass filter. The smooth filter has weight 1."""
    order: Annotated[int, Between(1, MAX_ORDER)] = 8
    """Degree of the polynomial that interpolates the smooth filter. The time of scoring grows with
    it."""
    flatness: Annotated[float, Positive(), Between(0, MAX_FLATNESS)] = 5.0
    """Exponent of the smooth filter's shape. Larger values treat the middle frequencies more
    alike."""
    degree_power: Annotated[float, Between(0, 1)] = 0.2
    """Power of the items' degrees by which a user's items are divided before filtering, and the
    scores multiplied after it. Larger values favour popular items."""
