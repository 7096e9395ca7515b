"""Fixtures for tests of random sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from builders import CheckDistribution
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from graphrec_cli.data.interactions import UserItems


@pytest.fixture
def check_distribution() -> CheckDistribution:
    """Fail on samples that the exact distribution gives with one in a million seeds."""

    def check(draws: NDArray[np.int64], probability: ArrayLike) -> None:
        expected = np.asarray(probability, dtype=np.float64)
        assert expected.sum() == pytest.approx(1, abs=1e-12)
        counts = np.bincount(draws, minlength=len(expected))
        assert len(counts) == len(expected)
        possible = expected > 0
        assert not counts[~possible].any(), "an impossible outcome was drawn"
        expected = expected[possible] * len(draws)
        assert expected.min() >= 20, "too few draws for a chi-square test"
        statistic = float(((counts[possible] - expected) ** 2 / expected).sum())
        if len(expected) > 1:
            halves = torch.tensor([(len(expected) - 1) / 2, statistic / 2], dtype=torch.float64)
            assert torch.special.gammaincc(halves[0], halves[1]).item() > 1e-6

    return check


@pytest.fixture(scope="session")
def long_tailed_train() -> UserItems:
    """300 users and 200 items with skewed popularity; items 0, 100 and 199 are in no pair.

    User 7 has the whole catalog, user 8 has nothing. Weights are whole numbers from 1 to 9.
    """
    # Imported late: the shape checks hook into the first import of graphrec_cli.
    from graphrec_cli.data.interactions import UserItems

    generator = np.random.default_rng(11)
    chance = 1 / np.arange(2, 202) ** 0.8
    chance[[0, 100, 199]] = 0
    has = generator.random((300, 200)) < chance
    has[7] = chance > 0
    has[8] = False
    users, items = np.nonzero(has)
    weight = generator.integers(1, 10, len(users)).astype(np.float32)
    return UserItems.from_pairs(users, items, num_users=300, num_items=200, weight=weight)
