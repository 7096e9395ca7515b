from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from graphrec_cli.config.closed_form import EASEConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError
from graphrec_cli.models.ease import EASE
from graphrec_cli.models.linalg import shared_users
from graphrec_cli.system import free_memory

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


def train_of(has: NDArray[np.bool_]) -> UserItems:
    users, items = np.nonzero(has)
    return UserItems.from_pairs(users, items, num_users=has.shape[0], num_items=has.shape[1])


def solved(l2: float, train: UserItems, device: torch.device = CPU) -> EASE:
    model = EASE(EASEConfig(l2=l2), train, generator=torch.Generator(), device=device)
    model.solve()
    model.prepare_scoring()
    return model


def regressions(has: NDArray[np.bool_], l2: float) -> NDArray[np.float64]:
    """Column j by ridge regression of item j on all other items, one system an item, float64."""
    x = has.astype(np.float64)
    num_items = x.shape[1]
    weights = np.zeros((num_items, num_items))
    for item in range(num_items):
        others = np.flatnonzero(np.arange(num_items) != item)
        gram = x[:, others].T @ x[:, others] + l2 * np.eye(len(others))
        weights[others, item] = np.linalg.solve(gram, x[:, others].T @ x[:, item])
    return weights


@given(HAS_ITEM, st.sampled_from([0.1, 1.0, 50.0]))
def test_every_item_is_the_ridge_regression_on_the_others(
    has: NDArray[np.bool_], l2: float
) -> None:
    model = solved(l2, train_of(has))
    expected = regressions(has, l2)
    np.testing.assert_allclose(model.item_weights.numpy(), expected, rtol=1e-4, atol=1e-5)
    scores = model.score_users(torch.arange(len(has)))
    np.testing.assert_allclose(scores.numpy(), has @ expected, rtol=1e-4, atol=1e-4)
    for user in np.flatnonzero(has.any(axis=1)):
        new = model.score_new_user(torch.from_numpy(np.flatnonzero(has[user])).flip(0))
        assert torch.equal(new, scores[user])


def test_two_items_worked_out_by_hand() -> None:
    """Of 4 users two have both items, one the first: the weights are 2 / (3 + 1), 2 / (2 + 1)."""
    has = np.array([[1, 1], [1, 1], [1, 0], [0, 0]], dtype=bool)
    weights = solved(1.0, train_of(has)).item_weights
    torch.testing.assert_close(weights, torch.tensor([[0, 2 / 4], [2 / 3, 0]]))


def test_float32_is_exact_enough() -> None:
    generator = np.random.default_rng(3)
    chance = np.clip(2 / np.arange(1, 301) ** 0.7, 0, 1)
    has = generator.random((1500, 300)) < chance
    model = solved(20.0, train_of(has))
    x = has.astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + 20.0 * np.eye(300))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    error = np.abs(model.item_weights.numpy() - expected).max()
    # A condition number of 500; the largest weight is about 0.3.
    assert error < 1e-5 * np.abs(expected).max()


def test_what_does_not_fit_is_refused_before_it_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda device: 5_000_000_000)
    monkeypatch.setattr(shared_users, "shared_users", lambda train: pytest.fail("it was begun"))
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=1, num_items=40_981)
    with pytest.raises(ConfigError) as refusal:
        solved(200.0, train)
    line = str(refusal.value)
    assert line.startswith("model=ease with 40,981 x 40,981 weights needs 7.2 GB of memory on cpu")
    assert "only 5.0 GB are free" in line
    assert "dataset.k_core.min_item_interactions" in line
    assert "model=gfcf or model=itemknn" in line


def test_an_l2_that_float32_cannot_hold_is_refused() -> None:
    train = train_of(np.ones((2000, 30), dtype=bool))
    # 30 items that 2,000 users share: counts of 60,000 next to the weight.
    with pytest.raises(ConfigError, match=r"model\.l2=0\.001 is too small .* set it to 0\.0072"):
        solved(0.001, train)
    assert bool(solved(0.008, train).item_weights.isfinite().all())


@pytest.mark.parametrize("l2", [0.0, -1.0, float("nan"), float("inf")])
def test_an_l2_without_an_inverse_is_refused(l2: float) -> None:
    with pytest.raises(ConfigError, match=r"model\.l2"):
        EASEConfig(l2=l2)


def test_nothing_is_trained_and_the_state_is_what_was_solved() -> None:
    train = train_of(np.eye(3, dtype=bool) | np.eye(3, k=1, dtype=bool))
    model = solved(1.0, train)
    assert list(model.parameters()) == []
    assert list(model.state_dict()) == ["item_weights"]
    other = EASE(EASEConfig(l2=1.0), train, generator=torch.Generator(), device=CPU)
    other.load_state_dict(model.state_dict(), assign=True)
    users = torch.arange(3)
    assert torch.equal(other.score_users(users), model.score_users(users))


@pytest.mark.parametrize("device", DEVICES)
def test_every_device_gives_the_same_scores(device: str) -> None:
    has = np.random.default_rng(0).random((40, 30)) < 0.2
    scores = solved(5.0, train_of(has), torch.device(device)).score_users(
        torch.arange(40, device=device)
    )
    assert scores.device.type == device
    np.testing.assert_allclose(scores.cpu(), has @ regressions(has, 5.0), rtol=1e-4, atol=1e-5)
