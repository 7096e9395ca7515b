from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.models.rating_baselines import bias_baseline, fit_biases, mean_baseline


def rated(seed: int, *, num_users: int = 12, num_items: int = 9) -> UserItems:
    """A third of all pairs, but none of the last user or the last item."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((num_users - 1, num_items - 1)) < 0.35)
    rating = (rng.integers(1, 11, len(users)) / 2).astype(np.float32)
    return UserItems.from_pairs(
        users, items, num_users=num_users, num_items=num_items, rating=rating
    )


@given(st.integers(0, 1000), st.floats(1e-4, 20))
def test_the_biases_solve_the_ridge_regression(seed: int, regularization: float) -> None:
    train = rated(seed)
    assert train.rating is not None
    rows = np.arange(train.num_pairs)
    design = np.zeros((train.num_pairs, 12 + 9))
    design[rows, train.user_index()] = 1
    design[rows, 12 + train.item_index] = 1
    target = train.rating - train.rating.astype(np.float64).mean()
    expected = np.linalg.solve(
        design.T @ design + regularization * np.eye(12 + 9), design.T @ target
    )
    got = np.concatenate(fit_biases(train, regularization))
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert got[11] == 0
    assert got[-1] == 0


def test_predictions_are_mean_and_biases_for_pairs_and_for_the_whole_catalog() -> None:
    train = rated(3)
    assert train.rating is not None
    users, items = torch.tensor([0, 11, 5]), torch.tensor([8, 2, 2])
    mean = float(train.rating.astype(np.float64).mean())
    assert mean_baseline(train, CPU).predict_ratings(users, items).tolist() == [mean] * 3
    user_bias, item_bias = fit_biases(train, 2.0)
    model = bias_baseline(train, 2.0, CPU)
    expected = mean + user_bias[users] + item_bias[items]
    np.testing.assert_allclose(model.predict_ratings(users, items).numpy(), expected)
    model.prepare_scoring()
    np.testing.assert_allclose(model.score_users(users)[[0, 1, 2], items].numpy(), expected)


def test_without_regularization_unknown_users_and_items_have_no_bias() -> None:
    user_bias, item_bias = fit_biases(rated(1), 0.0)
    assert user_bias[-1] == 0
    assert item_bias[-1] == 0
    assert np.isfinite(user_bias).all()


def test_what_is_not_solved_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"raise evaluation\.bias_regularization"):
        fit_biases(rated(1), 0.1, max_steps=2)


def test_data_without_ratings_are_refused() -> None:
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=1, num_items=1)
    with pytest.raises(DataError, match="needs a rating for every pair"):
        mean_baseline(train, CPU)
