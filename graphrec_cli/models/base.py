"""What evaluation and training ask of a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from graphrec_cli.graph.adjacency import NormalizedAdjacency


class Model(nn.Module, ABC):
    """A scorer of the whole catalog, whose ``state_dict`` is all that a checkpoint keeps."""

    def adjacency(self) -> NormalizedAdjacency | None:
        """The graph that the weights are propagated over; None for a model without one."""
        return None

    def train_in(self, dtype: torch.dtype) -> None:
        """Round what training propagates to ``dtype``; without propagation nothing is rounded."""

    @abstractmethod
    def prepare_scoring(self) -> None:
        """Compute once, from the weights as they are, what calls of ``score_users`` share."""

    @abstractmethod
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Scores of all items for the given users."""


class Recommender(Model):
    """A model that a run can train, so that it may meet users whom train never saw."""

    @abstractmethod
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """Scores of all items for a user known by items alone; ``prepare_scoring`` comes first.

        Args:
            item_index: distinct items with train interactions, at least one.
        """


class RatingModel(Model):
    """A model that predicts ratings and may learn from (user, item, rating) pairs."""

    @abstractmethod
    def predict_ratings(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Differentiable predictions of a batch, pair by pair."""


class TripleScores(NamedTuple):
    """What a loss sees of a batch of triples.

    Attributes:
        pos_scores, neg_scores: shape (batch,).
        layer0_embeddings: rows of the users, positives and negatives, each (batch, dim).
        final_embeddings: the same rows after propagation, each (batch, dim).
        layer0_table: layer-0 embeddings of all nodes, shape (nodes, dim).
    """

    pos_scores: Tensor
    neg_scores: Tensor
    layer0_embeddings: tuple[Tensor, Tensor, Tensor]
    final_embeddings: tuple[Tensor, Tensor, Tensor]
    layer0_table: Tensor


class EmbeddingModel(Recommender):
    """A model that compares an embedding of a user with one of an item."""

    @abstractmethod
    def embed(
        self, users: Int64[Tensor, " users"], items: Int64[Tensor, " items"]
    ) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
        """Differentiable final embeddings of users and of items."""


class TripleModel(Recommender):
    """A model that learns from (user, positive item, negative item) triples."""

    @abstractmethod
    def score_triples(
        self,
        users: Int64[Tensor, " batch"],
        pos_items: Int64[Tensor, " batch"],
        neg_items: Int64[Tensor, " batch"],
    ) -> TripleScores:
        """Differentiable scores of a batch."""
