"""Models: how a user's score of an item is computed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from omegaconf import MISSING

from graphrec_cli.config.checks import Between, Positive, check_fields
from graphrec_cli.errors import ConfigError

MAX_EMBEDDING_DIM = 2**16
MAX_LAYERS = 1000
MAX_NORM_POWER = 10
MAX_DEGREE_POWER = 2


class Init(Enum):
    """How the layer-0 embeddings are initialised."""

    xavier = "xavier"
    xavier_per_table = "xavier_per_table"
    normal = "normal"


class LearnsFrom(Enum):
    """What a batch of a training step contains."""

    triples = "triples"
    candidates = "candidates"
    ratings = "ratings"


class Similarity(Enum):
    """How a score is computed from the final embeddings of a user and an item."""

    dot = "dot"
    cosine = "cosine"


class Head(Enum):
    """How a rating is predicted from the final embeddings of a user and an item."""

    linear = "linear"
    dot = "dot"


@dataclass(kw_only=True, slots=True)
class ModelConfig:
    """What all models share."""

    name: str = MISSING
    """Name of the component; the option sets it."""

    def __post_init__(self) -> None:
        check_fields(self, "model")

    def learns_from(self) -> tuple[LearnsFrom, ...]:
        """Batches that the model can be trained on; empty for a model that is not trained."""
        return (LearnsFrom.triples,)

    def propagates(self) -> bool:
        """Whether training propagates embeddings over the graph."""
        return False

    def unused_keys(self) -> dict[str, str]:
        """Keys that the other values leave without effect, each with the reason."""
        return {}


@dataclass(kw_only=True, slots=True)
class EmbeddingConfig(ModelConfig):
    """What models with user and item embeddings share."""

    embedding_dim: Annotated[int, Between(1, MAX_EMBEDDING_DIM)] = 64
    """Size of each user and item vector."""
    init: Init = Init.xavier
    """Initialisation of the embeddings. xavier: uniform, scaled by the joint table of users and
    items. xavier_per_table: scaled by each table's own size. normal: mean 0, standard deviation
    init_std."""
    init_std: Annotated[float, Positive()] = 0.1
    """Standard deviation for init=normal."""

    def unused_keys(self) -> dict[str, str]:
        """``init_std``, unless the embeddings are drawn from a normal distribution."""
        if self.init is Init.normal:
            return {}
        return {"init_std": f"model.init={self.init.name} does not use it; set model.init=normal"}


@dataclass(kw_only=True, slots=True)
class SimilarityConfig(EmbeddingConfig):
    """What models that compare two final embeddings share."""

    similarity: Similarity = Similarity.dot
    """Score used for ranking: dot product or cosine. loss=softmax trains with cosines either
    way."""
    item_norm_power: Annotated[float, Between(0, MAX_NORM_POWER)] = 1.0
    """Power of the item's norm in ranking with similarity=dot. Values below 1 demote popular items,
    whose norms are large (Kim et al., CIKM 2023); 0 ranks as the cosine does."""

    def learns_from(self) -> tuple[LearnsFrom, ...]:
        """Triples, or pairs with shared candidates."""
        return (LearnsFrom.triples, LearnsFrom.candidates)

    def __post_init__(self) -> None:
        check_fields(self, "model")
        if self.similarity is Similarity.cosine and self.item_norm_power != 1:
            raise ConfigError(
                "model.item_norm_power has no effect on model.similarity=cosine; "
                "leave it at 1 or choose model.similarity=dot"
            )


@dataclass(kw_only=True, slots=True)
class LightGCNConfig(SimilarityConfig):
    """LightGCN (He et al., SIGIR 2020): the mean of embeddings propagated over the graph."""

    name: str = "lightgcn"
    num_layers: Annotated[int, Between(0, MAX_LAYERS)] = 2
    """Number of propagation layers; 0 is matrix factorisation."""
    own_degree_power: Annotated[float, Between(-MAX_DEGREE_POWER, MAX_DEGREE_POWER)] = 0.5
    """A propagated embedding is divided by this power of the node's degree: alpha of LightGCN++
    (Lee et al., RecSys 2024)."""
    neighbor_degree_power: Annotated[float, Between(-MAX_DEGREE_POWER, MAX_DEGREE_POWER)] = 0.5
    """A neighbour's embedding is divided by this power of its degree: beta of LightGCN++."""
    normalize_layers: bool = False
    """Scale the embeddings that a layer takes in to norm 1, as LightGCN++ does."""
    layer0_weight: Annotated[float | None, Between(0, 1)] = None
    """Weight of layer 0 in the final embedding, gamma of LightGCN++; the other layers share the
    rest. null: all layers weigh the same."""

    def propagates(self) -> bool:
        """With at least one layer."""
        return self.num_layers > 0

    def scales_layers(self) -> bool:
        """Whether propagation differs from LightGCN's own."""
        powers = (self.own_degree_power, self.neighbor_degree_power)
        plain = powers == (0.5, 0.5) and not self.normalize_layers and self.layer0_weight is None
        return self.propagates() and not plain

    def unused_keys(self) -> dict[str, str]:
        """Those of the propagation, without layers."""
        unused = EmbeddingConfig.unused_keys(self)
        if self.propagates():
            return unused
        why = "model.num_layers=0 propagates nothing"
        keys = ("own_degree_power", "neighbor_degree_power", "normalize_layers", "layer0_weight")
        return unused | dict.fromkeys(keys, why)


@dataclass(kw_only=True, slots=True)
class MatrixFactorizationConfig(SimilarityConfig):
    """Matrix factorisation: LightGCN with no layers."""

    name: str = "mf"


@dataclass(kw_only=True, slots=True)
class LightGCNRatingConfig(EmbeddingConfig):
    """LightGCN that predicts ratings; train it with loss=mse."""

    name: str = "lightgcn_rating"
    init: Init = Init.normal
    num_layers: Annotated[int, Between(0, MAX_LAYERS)] = 1
    """Number of propagation layers."""
    head: Head = Head.linear
    """How the rating is predicted. linear: a linear layer on both embeddings, that is, a user term
    plus an item term. dot: dot product plus user bias, item bias and mean rating."""

    def learns_from(self) -> tuple[LearnsFrom, ...]:
        """Pairs with their ratings."""
        return (LearnsFrom.ratings,)

    def propagates(self) -> bool:
        """With at least one layer."""
        return self.num_layers > 0


@dataclass(kw_only=True, slots=True)
class PopularityConfig(ModelConfig):
    """Ranks items by their number of train interactions; nothing is trained."""

    name: str = "popularity"

    def learns_from(self) -> tuple[LearnsFrom, ...]:
        """Nothing: the model only counts."""
        return ()
