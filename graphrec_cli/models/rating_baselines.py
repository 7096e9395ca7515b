"""Baselines of rating regression: the mean rating, and biases of users and items."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.models.base import RatingModel

TOLERANCE = 1e-9
"""Norm of the gradient that counts as zero, relative to that at zero biases."""


def train_ratings(train: UserItems) -> NDArray[np.float64]:
    """Return the rating of every train pair, shape (pairs,).

    Raises:
        DataError: a train pair has no rating, or there is no train pair.
    """
    if train.rating is None or not train.num_pairs:
        raise DataError(
            "rating regression needs a rating for every pair, but this data set has pairs without "
            "one; choose a data set with ratings (movielens_latest), or set model=lightgcn "
            "loss=bpr evaluation=default"
        )
    return train.rating.astype(np.float64)


def mean_rating(train: UserItems) -> float:
    """Mean of the train ratings."""
    return float(train_ratings(train).mean())


def fit_biases(
    train: UserItems, regularization: float, max_steps: int = 10_000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit biases of users and items around the mean train rating.

    They minimise the sum of (r - mean - b_u - b_i)^2 over the train pairs plus ``regularization``
    times the sum of all squared biases (Koren, Computer 42(8), 2009). Conjugate gradients solve the
    normal equations; with a small ``regularization`` they converge much faster than solving for
    users and items alternately. Users and items without a pair have bias 0.

    Returns:
        Shapes (users,) and (items,).

    Raises:
        ConfigError: the solver does not converge within ``max_steps``.
    """
    user, item = train.user_index(), train.item_index
    num_users, num_items = train.num_users, train.num_items
    residual = train_ratings(train)
    residual -= residual.mean()

    def sums(rest: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over the pairs of every user, then of every item."""
        of_users = np.bincount(user, weights=rest, minlength=num_users)
        return np.concatenate([of_users, np.bincount(item, weights=rest, minlength=num_items)])

    weight = np.concatenate([train.user_degree, train.item_degree]) + regularization
    # Without pairs and regularization the bias is 0 / 0; a weight of 1 makes it 0.
    weight[weight == 0] = 1
    biases = np.zeros(num_users + num_items)
    gradient = sums(residual)
    scaled = gradient / weight
    direction = scaled
    size = float(gradient @ scaled)
    enough = size * TOLERANCE**2
    for _ in range(max_steps):
        if size <= enough:
            return biases[:num_users], biases[num_users:]
        change = sums(direction[user] + direction[num_users + item]) + regularization * direction
        step = size / float(direction @ change)
        biases = biases + step * direction
        gradient = gradient - step * change
        scaled = gradient / weight
        last, size = size, float(gradient @ scaled)
        direction = scaled + size / last * direction
    raise ConfigError(
        f"the bias baseline did not converge in {max_steps} steps; "
        "raise evaluation.bias_regularization"
    )


class BiasRating(RatingModel):
    """Predicts the mean train rating plus the biases of user and item."""

    user_bias: Tensor
    item_bias: Tensor

    def __init__(
        self,
        mean: float,
        user_bias: NDArray[np.float64],
        item_bias: NDArray[np.float64],
        device: torch.device,
    ) -> None:
        """Store the biases, shapes (users,) and (items,)."""
        super().__init__()
        self.register_buffer("user_bias", torch.from_numpy(mean + user_bias).to(device))
        self.register_buffer("item_bias", torch.from_numpy(item_bias).to(device))

    def predict_ratings(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Predict the ratings of pairs: mean plus biases."""
        return self.user_bias.index_select(0, users) + self.item_bias.index_select(0, items)

    def prepare_scoring(self) -> None:
        """Do nothing: the biases are given."""

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Predict the ratings of all items."""
        return self.user_bias[user_index][:, None] + self.item_bias


def mean_baseline(train: UserItems, device: torch.device) -> BiasRating:
    """Build the baseline that predicts the mean train rating for every pair."""
    nothing = (np.zeros(train.num_users), np.zeros(train.num_items))
    return BiasRating(mean_rating(train), *nothing, device)


def bias_baseline(train: UserItems, regularization: float, device: torch.device) -> BiasRating:
    """Build the baseline with the regularised biases of ``fit_biases``."""
    return BiasRating(mean_rating(train), *fit_biases(train, regularization), device)
