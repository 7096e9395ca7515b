"""What a regression of ratings must beat: their mean, and the biases of users and items."""

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
"""Size of the gradient, relative to that of no biases at all, that counts as zero."""


def train_ratings(train: UserItems) -> NDArray[np.float64]:
    """The rating of every train pair, shape (pairs,).

    Raises:
        DataError: there are none.
    """
    if train.rating is None or not train.num_pairs:
        raise DataError(
            "rating regression needs a rating of every pair, and this data set has pairs without; "
            "choose a data set of ratings (movielens_latest), or loss=bpr evaluation=default"
        )
    return train.rating.astype(np.float64)


def mean_rating(train: UserItems) -> float:
    """Mean of the train ratings."""
    return float(train_ratings(train).mean())


def fit_biases(
    train: UserItems, regularization: float, max_steps: int = 10_000
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Biases of users and items around the mean train rating.

    They minimise the sum of (r - mean - b_u - b_i)^2 over the train pairs plus ``regularization``
    times the sum of all squared biases (Koren, Computer 42(8), 2009): normal equations, solved by
    conjugate gradients, which a small ``regularization`` slows down far less than solving for users
    and items in turn. Of a user or item without a pair the bias is 0.

    Returns:
        Shapes (users,) and (items,).

    Raises:
        ConfigError: the gradient does not vanish within ``max_steps``.
    """
    user, item = train.user_index(), train.item_index
    num_users, num_items = train.num_users, train.num_items
    residual = train_ratings(train)
    residual -= residual.mean()

    def sums(rest: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the pairs of every user, then of every item, add up to."""
        of_users = np.bincount(user, weights=rest, minlength=num_users)
        return np.concatenate([of_users, np.bincount(item, weights=rest, minlength=num_items)])

    weight = np.concatenate([train.user_degree, train.item_degree]) + regularization
    # Without a pair and without regularization the sum is 0, and 0 / 1 is the bias.
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
        f"the baseline of biases is not solved in {max_steps} steps; "
        "raise evaluation.bias_regularization"
    )


class BiasRating(RatingModel):
    """The mean train rating, plus a bias of the user and of the item."""

    user_bias: Tensor
    item_bias: Tensor

    def __init__(
        self,
        mean: float,
        user_bias: NDArray[np.float64],
        item_bias: NDArray[np.float64],
        device: torch.device,
    ) -> None:
        """Take the biases, shapes (users,) and (items,); zeros leave the mean alone."""
        super().__init__()
        self.register_buffer("user_bias", torch.from_numpy(mean + user_bias).to(device))
        self.register_buffer("item_bias", torch.from_numpy(item_bias).to(device))

    def predict_ratings(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Mean and biases, pair by pair."""
        return self.user_bias.index_select(0, users) + self.item_bias.index_select(0, items)

    def prepare_scoring(self) -> None:
        """Nothing to prepare: the biases are the scores."""

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Predicted ratings of all items."""
        return self.user_bias[user_index][:, None] + self.item_bias


def mean_baseline(train: UserItems, device: torch.device) -> BiasRating:
    """The mean train rating for every pair."""
    nothing = (np.zeros(train.num_users), np.zeros(train.num_items))
    return BiasRating(mean_rating(train), *nothing, device)


def bias_baseline(train: UserItems, regularization: float, device: torch.device) -> BiasRating:
    """The regularised biases of ``fit_biases``."""
    return BiasRating(mean_rating(train), *fit_biases(train, regularization), device)
