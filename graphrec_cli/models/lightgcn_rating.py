"""LightGCN for rating regression."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from graphrec_cli.config.model import Head, LightGCNRatingConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.base import RatingModel
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings
from graphrec_cli.models.rating_baselines import mean_rating


class LinearRating(PropagatedEmbeddings, RatingModel):
    """A linear layer on the concatenated final embeddings of user and item.

    It is linear in both parts, so it is applied once per node instead of once per pair.
    """

    def __init__(
        self,
        config: LightGCNRatingConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        super().__init__(config, config.num_layers, train, generator=generator, device=device)
        # Initialised like torch.nn.Linear, but from the run's random generator.
        bound = 1 / math.sqrt(2 * config.embedding_dim)
        weight = torch.empty(2, config.embedding_dim).uniform_(-bound, bound, generator=generator)
        bias = torch.empty(1).uniform_(-bound, bound, generator=generator)
        self.weight = nn.Parameter(weight.to(device))
        self.bias = nn.Parameter(bias.to(device))

    def predict_ratings(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Predict the ratings of pairs: the user's part plus the item's part plus the bias."""
        final = self.final_embeddings()
        user_part = final[: self.num_users] @ self.weight[0]
        item_part = final[self.num_users :] @ self.weight[1]
        return user_part.index_select(0, users) + item_part.index_select(0, items) + self.bias

    @torch.no_grad()
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Predict the ratings of all items; call ``prepare_scoring`` first."""
        users, items = self.scoring_tables()
        user_part = users[user_index] @ self.weight[0]
        return user_part[:, None] + self.weight[1] @ items + self.bias

    @torch.no_grad()
    def score_embedded(self, users: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch items"]:
        """Predict the ratings of users with these embeddings; call ``prepare_scoring`` first."""
        _, items = self.scoring_tables()
        return (users @ self.weight[0])[:, None] + self.weight[1] @ items + self.bias

    @torch.no_grad()
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """Predict the ratings of the folded-in user; call ``prepare_scoring`` first."""
        _, items = self.scoring_tables()
        return self.fold_in(item_index) @ self.weight[0] + self.weight[1] @ items + self.bias


class DotRating(PropagatedEmbeddings, RatingModel):
    """Inner product of the final embeddings, plus biases around the mean train rating.

    Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems",
    Computer 42(8), 2009, equation 4, with propagated embeddings as factors.
    """

    mean_rating: Tensor

    def __init__(
        self,
        config: LightGCNRatingConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        super().__init__(config, config.num_layers, train, generator=generator, device=device)
        self.user_bias = nn.Parameter(torch.zeros(self.num_users, device=device))
        self.item_bias = nn.Parameter(torch.zeros(self.num_items, device=device))
        # A buffer, because weight decay would pull a parameter away from the mean.
        mean = torch.tensor(mean_rating(train), dtype=torch.float32, device=device)
        self.register_buffer("mean_rating", mean)

    def predict_ratings(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Predict the ratings of pairs: inner product, biases and mean."""
        final = self.final_embeddings()
        user_rows = functional.embedding(users, final)
        item_rows = functional.embedding(items + self.num_users, final)
        biases = self.user_bias.index_select(0, users) + self.item_bias.index_select(0, items)
        return (user_rows * item_rows).sum(dim=1) + biases + self.mean_rating

    @torch.no_grad()
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Predict the ratings of all items; call ``prepare_scoring`` first."""
        users, items = self.scoring_tables()
        biases = self.user_bias[user_index][:, None] + self.item_bias
        return users[user_index] @ items + biases + self.mean_rating

    @torch.no_grad()
    def score_embedded(self, users: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch items"]:
        """Predict the ratings of users with these embeddings, whose bias is 0.

        Call ``prepare_scoring`` first.
        """
        _, items = self.scoring_tables()
        return users @ items + self.item_bias + self.mean_rating


def build_lightgcn_rating(
    config: LightGCNRatingConfig,
    train: UserItems,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> LinearRating | DotRating:
    """Build the model with the head that ``model.head`` names.

    Raises:
        DataError: ``head=dot`` and a train pair has no rating.
    """
    head = LinearRating if config.head is Head.linear else DotRating
    return head(config, train, generator=generator, device=device)
