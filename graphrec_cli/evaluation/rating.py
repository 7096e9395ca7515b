"""Evaluate a model by its predictions of held-out ratings."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import RatingConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys
from graphrec_cli.evaluation.protocol import (
    Evaluation,
    EvaluationSettings,
    PartResult,
    held_out_part,
    valid_users,
)
from graphrec_cli.evaluation.rating_metrics import rating_metrics
from graphrec_cli.models.base import Model, RatingModel
from graphrec_cli.models.rating_baselines import bias_baseline, mean_baseline, train_ratings
from graphrec_cli.system.seeds import derive_seed


class RatingEvaluation(Evaluation):
    """``evaluation=rating``: rmse and mae, and precision and recall of the highest predictions."""

    floor = "bias"

    def __init__(self, config: RatingConfig, settings: EvaluationSettings) -> None:
        self.config = config
        self.settings = settings

    def check(self, train: UserItems) -> None:
        """Refuse data without ratings.

        Raises:
            DataError: a train pair has no rating.
        """
        train_ratings(train)

    def evaluate(self, model: Model, split: Split, part: str) -> PartResult:
        """Predict the held-out ratings of ``part`` and compute the metrics."""
        assert isinstance(model, RatingModel), "RunConfig refuses models that predict no ratings"
        held_out = held_out_part(split, part)
        assert held_out.rating is not None, "check() guarantees that every pair has a rating"
        user, item = held_out.user_index(), held_out.item_index
        chosen = valid_users(self.settings, held_out) if part == "valid" else None
        rows = np.arange(len(user)) if chosen is None else np.flatnonzero(np.isin(user, chosen))
        user, item, rating = user[rows], item[rows], held_out.rating[rows]
        prediction = predict(model, user, item, self.settings.device)
        cold = (split.train.user_degree[user] == 0) | (split.train.item_degree[item] == 0)
        return PartResult(
            metrics=rating_metrics(
                user,
                rating,
                prediction,
                tie_order=tie_order(self.settings.seed, user, item),
                ks=self.settings.ks,
                threshold=self.config.threshold,
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

    def baselines(self, train: UserItems) -> dict[str, Model]:
        """The mean train rating, and the regularised biases of users and items."""
        device = self.settings.device
        return {
            "mean": mean_baseline(train, device),
            "bias": bias_baseline(train, self.config.bias_regularization, device),
        }

    def definitions(self) -> dict[str, str]:
        """The meaning of each metric key under this config."""
        threshold = f"{self.config.threshold:g}"
        return {
            "rmse": "root of the mean squared error over all held-out pairs",
            "mae": "mean absolute error over all held-out pairs",
            "precision@k": "of the user's k held-out pairs with the highest prediction, those "
            f"rated and predicted {threshold} or more / those predicted so, 0 if there are none",
            "recall@k": "the same pairs / all held-out pairs of the user rated so, 0 if there are "
            "none",
            "ties": "random order among equal predictions",
            "mean": "precision and recall over the users with a held-out pair",
            "cold": "pairs whose user or item has no train pair are predicted and counted as well",
        }


def tie_order(
    seed: int, user_index: NDArray[np.int32], item_index: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Hash (seed, user, item) of every pair, as a ranking does to order equal scores."""
    keys = user_tie_keys(derive_seed(seed, "ties"), torch.from_numpy(user_index).long())
    hashes: NDArray[np.int64] = tie_hash(keys, torch.from_numpy(item_index).long()).numpy()
    return hashes


@torch.no_grad()
def predict(
    model: RatingModel,
    user_index: NDArray[np.int32],
    item_index: NDArray[np.int32],
    device: torch.device,
    pairs_at_a_time: int = 2**20,
) -> NDArray[np.floating]:
    """Predict the ratings of pairs, shape (pairs,).

    Raises:
        NonFiniteError: one of them is NaN or infinite.
    """
    parts = []
    for first in range(0, len(user_index), pairs_at_a_time):
        rows = slice(first, first + pairs_at_a_time)
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
