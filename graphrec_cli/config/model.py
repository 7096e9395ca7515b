"""Models: what scores an item for a user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from graphrec_cli.config.checks import check_at_least, check_name, check_positive


class Init(Enum):
    """How the layer-0 embeddings start."""

    xavier = "xavier"
    xavier_per_table = "xavier_per_table"
    normal = "normal"


@dataclass(kw_only=True, slots=True)
class ModelConfig:
    """What all models share."""

    name: str = MISSING


@dataclass(kw_only=True, slots=True)
class EmbeddingConfig(ModelConfig):
    """What models with a table of user and item embeddings share."""

    embedding_dim: int = 64
    """Length of each user's and item's vector."""
    init: Init = Init.xavier
    """xavier: uniform, scaled by the joint table of users and items; xavier_per_table: scaled by
    the users' and the items' own tables; normal: mean 0, init_std."""
    init_std: float = 0.1
    """Standard deviation of init=normal."""

    def check_embeddings(self) -> None:
        """Refuse values out of range."""
        check_at_least("model.embedding_dim", self.embedding_dim, 1)
        check_positive("model.init_std", self.init_std)


@dataclass(kw_only=True, slots=True)
class LightGCNConfig(EmbeddingConfig):
    """LightGCN (He et al., SIGIR 2020): the mean of embeddings propagated over the graph."""

    name: str = "lightgcn"
    num_layers: int = 3
    """Propagation steps; 0 is matrix factorisation."""

    def __post_init__(self) -> None:
        check_name("model", self.name, "lightgcn")
        check_at_least("model.num_layers", self.num_layers, 0)
        self.check_embeddings()


@dataclass(kw_only=True, slots=True)
class MatrixFactorizationConfig(EmbeddingConfig):
    """Matrix factorisation: LightGCN with no layers."""

    name: str = "mf"

    def __post_init__(self) -> None:
        check_name("model", self.name, "mf")
        self.check_embeddings()


@dataclass(kw_only=True, slots=True)
class PopularityConfig(ModelConfig):
    """Ranks items by their number of train interactions; nothing is trained."""

    name: str = "popularity"

    def __post_init__(self) -> None:
        check_name("model", self.name, "popularity")
