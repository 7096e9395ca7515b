"""One part of a split, its ratings predicted and compared with the true ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import RatingConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.protocol import (
    Evaluation,
    PartResult,
    Parts,
    held_out_part,
    valid_users,
)
from graphrec_cli.evaluation.rating_metrics import rating_metrics
from graphrec_cli.models.base import Model, RatingModel
from graphrec_cli.models.rating_baselines import bias_baseline, mean_baseline, train_ratings
from graphrec_cli.system.seeds import derive_seed

PAIRS_AT_A_TIME = 2**20


def definitions(config: RatingConfig) -> dict[str, str]:
    """What the metric keys mean under these values, as metrics.json repeats it."""
    threshold = f"{config.threshold:g}"
    return {
        "rmse": "root of the mean squared error over all held-out pairs",
        "mae": "mean absolute error over all held-out pairs",
        "precision@k": "of the user's k held-out pairs with the highest prediction, those rated "
        f"and predicted {threshold} or more / those predicted so, 0 if there are none",
        "recall@k": "the same pairs / all held-out pairs of the user rated so, 0 if there are none",
        "ties": "random order among equal predictions",
        "mean": "precision and recall over the users with a held-out pair",
        "cold": "pairs whose user or item has no train pair are predicted and counted as well",
    }


def check_ratings(config: RunConfig, train: UserItems) -> None:
    """Refuse data without ratings.

    Raises:
        DataError: a train pair has no rating.
    """
    train_ratings(train)


def evaluate_part(
    model: Model,
    config: RunConfig,
    *,
    split: Parts,
    part: str,
    device: torch.device,
) -> PartResult:
    """Predict and measure the part ``test``, or ``valid`` over the users that selection uses.

    Raises:
        DataError: the part does not exist or holds no pair.
        NonFiniteError: a prediction is NaN or infinite.
    """
    options = config.evaluation
    assert isinstance(options, RatingConfig)
    assert isinstance(model, RatingModel)
    held_out = held_out_part(split, part)
    assert held_out.rating is not None
    user, item = held_out.user_index(), held_out.item_index
    chosen = valid_users(config, held_out) if part == "valid" else None
    rows = np.arange(len(user)) if chosen is None else np.flatnonzero(np.isin(user, chosen))
    user, item, rating = user[rows], item[rows], held_out.rating[rows]
    prediction = predict(model, user, item, device)
    cold = (split.train.user_degree[user] == 0) | (split.train.item_degree[item] == 0)
    return PartResult(
        metrics=rating_metrics(
            user,
            rating,
            prediction,
            tie_order=tie_order(config.seed, user, item),
            ks=config.cutoffs(),
            threshold=options.threshold,
        ),
        counts={
            "users_evaluated": len(np.unique(user)),
            "pairs_evaluated": len(user),
            "pairs_without_train": int(cold.sum()),
        },
        arrays={
            "user_index": user,
            "item_index": item,
            "rating": rating,
            "prediction": prediction,
        },
    )


def tie_order(
    seed: int, user_index: NDArray[np.int32], item_index: NDArray[np.int32]
) -> NDArray[np.int64]:
    """A hash of (seed, user, item) of every pair, the order of equal scores in a ranking too."""
    keys = user_tie_keys(derive_seed(seed, "ties"), torch.from_numpy(user_index).long())
    hashes: NDArray[np.int64] = tie_hash(keys, torch.from_numpy(item_index).long()).numpy()
    return hashes


@torch.no_grad()
def predict(
    model: RatingModel,
    user_index: NDArray[np.int32],
    item_index: NDArray[np.int32],
    device: torch.device,
) -> NDArray[np.floating]:
    """Predicted ratings, pair by pair, shape (pairs,).

    Raises:
        NonFiniteError: one of them is NaN or infinite.
    """
    parts = []
    for first in range(0, len(user_index), PAIRS_AT_A_TIME):
        rows = slice(first, first + PAIRS_AT_A_TIME)
        users = torch.from_numpy(user_index[rows].astype(np.int64)).to(device)
        items = torch.from_numpy(item_index[rows].astype(np.int64)).to(device)
        parts.append(model.predict_ratings(users, items).cpu().numpy())
    prediction = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
    if not np.isfinite(prediction).all():
        row = int(np.flatnonzero(~np.isfinite(prediction))[0])
        raise NonFiniteError(
            f"the predicted rating of item index {item_index[row]} by user index "
            f"{user_index[row]} is NaN or infinite; lower trainer.learning_rate"
        )
    return prediction


def baselines(config: RunConfig, train: UserItems, device: torch.device) -> dict[str, Model]:
    """The mean train rating, and the regularised biases of users and items."""
    options = config.evaluation
    assert isinstance(options, RatingConfig)
    return {
        "mean": mean_baseline(train, device),
        "bias": bias_baseline(train, options.bias_regularization, device),
    }


RATING = Evaluation(
    check=check_ratings,
    evaluate_part=evaluate_part,
    baselines=baselines,
    floor="bias",
    definitions=definitions,
    masked=None,
)
"""Predicted ratings of held-out pairs."""
