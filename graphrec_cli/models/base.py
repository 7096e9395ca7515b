"""The interfaces that training and evaluation need from a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.graph.adjacency import NormalizedAdjacency


class Model(nn.Module, ABC):
    """A scorer of all items; checkpoints save its ``state_dict`` and nothing else.

    Attributes:
        processes: those that have the columns of its embeddings.
    """

    processes: Processes = ONE_PROCESS

    def adjacency(self) -> NormalizedAdjacency | None:
        """Return the graph that embeddings are propagated over; None without a graph."""
        return None

    def train_in(self, dtype: torch.dtype) -> None:
        """Propagate in ``dtype`` during training; no effect on models without propagation."""

    @abstractmethod
    def prepare_scoring(self) -> None:
        """Compute once, from the current weights, what all calls of ``score_users`` share."""

    @abstractmethod
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Score all items for the given users."""


class Recommender(Model):
    """A model that a run can train and that can also score items for new users."""

    @abstractmethod
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """Score all items for a new user, given the user's items; call ``prepare_scoring`` first.

        Args:
            item_index: distinct items with train interactions, at least one.
        """


class RatingModel(Model):
    """A model that predicts ratings and can learn from (user, item, rating) examples."""

    @abstractmethod
    def predict_ratings(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Predict the ratings of a batch of pairs, differentiably."""


class TripleScores(NamedTuple):
    """The scores and embeddings of a batch of triples, for a loss.

    Attributes:
        pos_scores, neg_scores: shape (batch,).
        layer0_embeddings: of the users, positives and negatives, each of shape (batch, dim).
        final_embeddings: the same after propagation, each of shape (batch, dim).
        layer0_table: layer-0 embeddings of all nodes, shape (nodes, dim).
        processes: those that have the columns of the embeddings; the scores are over all columns.
    """

    pos_scores: Tensor
    neg_scores: Tensor
    layer0_embeddings: tuple[Tensor, Tensor, Tensor]
    final_embeddings: tuple[Tensor, Tensor, Tensor]
    layer0_table: Tensor
    processes: Processes = ONE_PROCESS


class EmbeddingModel(Recommender):
    """A model whose scores compare a user embedding with an item embedding."""

    num_users: int

    @abstractmethod
    def embed(
        self, users: Int64[Tensor, " users"], items: Int64[Tensor, " items"]
    ) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
        """Compute final embeddings of users and of items, differentiably."""


class TripleModel(Recommender):
    """A model that learns from (user, positive item, negative item) triples."""

    @abstractmethod
    def score_triples(
        self,
        users: Int64[Tensor, " batch"],
        pos_items: Int64[Tensor, " batch"],
        neg_items: Int64[Tensor, " batch"],
    ) -> TripleScores:
        """Score a batch of triples, differentiably."""
