"""Models: what scores an item for a user."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from omegaconf import MISSING

from graphrec_cli.config.checks import check_between, check_name, check_positive
from graphrec_cli.errors import ConfigError

MAX_EMBEDDING_DIM = 2**16
MAX_LAYERS = 1000
MAX_NORM_POWER = 10


class Init(Enum):
    """How the layer-0 embeddings start."""

    xavier = "xavier"
    xavier_per_table = "xavier_per_table"
    normal = "normal"


class LearnsFrom(Enum):
    """What a training step must be given."""

    nothing = "nothing"
    triples = "triples"
    candidates = "candidates"
    ratings = "ratings"


class Similarity(Enum):
    """How the final embeddings of a user and an item give a score."""

    dot = "dot"
    cosine = "cosine"


class Head(Enum):
    """How a predicted rating follows from two final embeddings."""

    linear = "linear"
    dot = "dot"


@dataclass(kw_only=True, slots=True)
class ModelConfig:
    """What all models share."""

    name: str = MISSING

    def learns_from(self) -> LearnsFrom:
        """What the model is trained on; the loss must fit."""
        return LearnsFrom.triples

    def propagates(self) -> bool:
        """Whether embeddings are propagated over the graph in training."""
        return False


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
        check_between("model.embedding_dim", self.embedding_dim, 1, MAX_EMBEDDING_DIM)
        check_positive("model.init_std", self.init_std)


@dataclass(kw_only=True, slots=True)
class SimilarityConfig(EmbeddingConfig):
    """What models share whose score compares two final embeddings."""

    similarity: Similarity = Similarity.dot
    """dot: the dot product of user and item ranks items; cosine: the cosine of their angle does.
    loss=softmax trains with cosines either way."""
    item_norm_power: float = 1.0
    """Ranking by similarity=dot takes the item's norm to this power: below 1 popular items, whose
    norms are large, weigh less (Kim et al., CIKM 2023); 0 ranks as the cosine does."""

    def check_similarity(self) -> None:
        """Refuse values out of range, and a power of norms that cosines have not."""
        self.check_embeddings()
        check_between("model.item_norm_power", self.item_norm_power, 0, MAX_NORM_POWER)
        if self.similarity is Similarity.cosine and self.item_norm_power != 1:
            raise ConfigError(
                "model.item_norm_power has no effect on model.similarity=cosine; "
                "leave it at 1 or choose model.similarity=dot"
            )


@dataclass(kw_only=True, slots=True)
class LightGCNConfig(SimilarityConfig):
    """LightGCN (He et al., SIGIR 2020): the mean of embeddings propagated over the graph."""

    name: str = "lightgcn"
    num_layers: int = 3
    """Propagation steps; 0 is matrix factorisation."""

    def propagates(self) -> bool:
        """With at least one layer."""
        return self.num_layers > 0

    def __post_init__(self) -> None:
        check_name("model", self.name, "lightgcn")
        check_between("model.num_layers", self.num_layers, 0, MAX_LAYERS)
        self.check_similarity()


@dataclass(kw_only=True, slots=True)
class MatrixFactorizationConfig(SimilarityConfig):
    """Matrix factorisation: LightGCN with no layers."""

    name: str = "mf"

    def __post_init__(self) -> None:
        check_name("model", self.name, "mf")
        self.check_similarity()


@dataclass(kw_only=True, slots=True)
class LightGCNRatingConfig(EmbeddingConfig):
    """LightGCN that predicts ratings; train it with loss=mse."""

    name: str = "lightgcn_rating"
    init: Init = Init.normal
    """xavier: uniform, scaled by the joint table of users and items; xavier_per_table: scaled by
    the users' and the items' own tables; normal: mean 0, init_std."""
    num_layers: int = 1
    """Propagation steps."""
    head: Head = Head.linear
    """linear: one linear layer on the user's and the item's embedding, hence a user part plus an
    item part; dot: inner product plus a bias of the user, of the item, and the mean rating."""

    def learns_from(self) -> LearnsFrom:
        """Pairs with their ratings."""
        return LearnsFrom.ratings

    def propagates(self) -> bool:
        """With at least one layer."""
        return self.num_layers > 0

    def __post_init__(self) -> None:
        check_name("model", self.name, "lightgcn_rating")
        check_between("model.num_layers", self.num_layers, 0, MAX_LAYERS)
        self.check_embeddings()


@dataclass(kw_only=True, slots=True)
class PopularityConfig(ModelConfig):
    """Ranks items by their number of train interactions; nothing is trained."""

    name: str = "popularity"

    def learns_from(self) -> LearnsFrom:
        """It counts and is not trained."""
        return LearnsFrom.nothing

    def __post_init__(self) -> None:
        check_name("model", self.name, "popularity")
