from __future__ import annotations

import numpy as np
import pytest
from builders import CPU

from graphrec_cli.config.evaluation import RatingConfig
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.errors import DataError, NonFiniteError
from graphrec_cli.evaluation.protocol import EvaluationSettings, PartResult
from graphrec_cli.evaluation.rating import RatingEvaluation, predict
from graphrec_cli.models.base import Model
from graphrec_cli.models.rating_baselines import BiasRating


def part_of(rows: dict[tuple[int, int], float]) -> UserItems:
    pairs = np.array(list(rows))
    stars = np.array(list(rows.values()), dtype=np.float32)
    return UserItems.from_pairs(pairs[:, 0], pairs[:, 1], num_users=3, num_items=4, rating=stars)


# User 2 and item 3 have no train pair.
SPLIT = Split(
    train=part_of({(0, 0): 4.0, (1, 1): 2.0, (1, 2): 3.0}),
    valid=part_of({(0, 2): 1.0, (1, 0): 5.0, (2, 0): 3.0}),
    test=part_of({(0, 1): 5.0, (0, 3): 3.0, (2, 1): 4.0}),
    users=IdMap(np.arange(3)),
    items=IdMap(np.arange(4)),
)


def evaluate(
    model: Model, part: str, *, split: Split = SPLIT, valid_users: int | None = None
) -> PartResult:
    settings = EvaluationSettings(ks=[1], seed=42, valid_users=valid_users, device=CPU)
    return RatingEvaluation(RatingConfig(), settings).evaluate(model, split, part)


def biases(users: list[float], items: list[float]) -> BiasRating:
    return BiasRating(3.0, np.array(users), np.array(items), CPU)


def test_errors_and_counts_by_hand() -> None:
    model = biases([1.0, 0.0, 0.0], [0.0, 0.5, 0.0, -1.0])
    result = evaluate(model, "test")
    # Predictions 4.5, 3 and 3.5 of 5, 3 and 4.
    assert result.arrays["prediction"].tolist() == [4.5, 3.0, 3.5]
    assert result.arrays["rating"].tolist() == [5.0, 3.0, 4.0]
    assert result.metrics["mae"] == pytest.approx(1 / 3)
    assert result.metrics["precision@1"] == 1.0
    assert result.counts == {
        "users_evaluated": 2,
        "pairs_evaluated": 3,
        "pairs_without_train": 2,
    }


def test_a_constant_prediction_gets_a_random_order() -> None:
    """Otherwise the order of the data would favour the baseline of the mean."""
    stars = np.random.default_rng(0).integers(1, 6, size=(300, 20)).astype(np.float32)
    pairs = [
        UserItems.from_pairs(users, items, num_users=300, num_items=20, rating=stars[users, items])
        for users, items in (np.nonzero(np.eye(300, 20)), np.nonzero(1 - np.eye(300, 20)))
    ]
    ids = (IdMap(np.arange(300)), IdMap(np.arange(20)))
    split = Split(train=pairs[0], valid=None, test=pairs[1], users=ids[0], items=ids[1])
    model = BiasRating(4.0, np.zeros(300), np.zeros(20), CPU)
    result = evaluate(model, "test", split=split)
    # 300 draws: five standard deviations are 0.14.
    assert result.metrics["precision@1"] == pytest.approx((stars >= 3.5).mean(), abs=0.14)


def test_validation_samples_valid_users() -> None:
    model = biases([0.0] * 3, [0.0] * 4)
    everyone = evaluate(model, "valid")
    some = evaluate(model, "valid", valid_users=2)
    assert everyone.counts["users_evaluated"] == 3
    assert some.counts["users_evaluated"] == 2


def test_metrics_do_not_depend_on_how_many_pairs_are_predicted_at_a_time() -> None:
    model = biases([1.0, 2.0, 3.0], [0.1, 0.2, 0.3, 0.4])
    user = np.array([0, 1, 2, 2, 0], dtype=np.int32)
    item = np.array([3, 2, 1, 0, 0], dtype=np.int32)
    whole = predict(model, user, item, CPU)
    for size in (1, 2, 5):
        got = predict(model, user, item, CPU, pairs_at_a_time=size)
        assert got.tolist() == whole.tolist()


def test_a_prediction_that_is_nan_ends_the_run() -> None:
    model = biases([np.nan, 0.0, 0.0], [0.0] * 4)
    with pytest.raises(NonFiniteError, match="predicted rating of item index 1 by user index 0"):
        evaluate(model, "test")


def test_a_split_without_a_validation_part_cannot_be_validated() -> None:
    split = Split(
        train=SPLIT.train, valid=None, test=SPLIT.test, users=SPLIT.users, items=SPLIT.items
    )
    with pytest.raises(DataError, match="no validation part"):
        evaluate(biases([0.0] * 3, [0.0] * 4), "valid", split=split)
