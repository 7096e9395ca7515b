from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, CheckDistribution, expect_a_million_good_draws, items_of_users

from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.samplers.uniform import UniformNegatives, build_uniform


def small_train() -> UserItems:
    """Items 0 and 4 are outside the catalog {1, 2, 3, 5, 6}; user 2 has all of it."""
    items: list[list[int]] = [[1], [2, 3, 6], [1, 2, 3, 5, 6], []]
    return items_of_users(items, 7)


@pytest.mark.parametrize(("user", "unseen"), [(0, [2, 3, 5, 6]), (1, [1, 5]), (3, [1, 2, 3, 5, 6])])
def test_unseen_catalog_items_are_equally_likely(
    user: int, unseen: list[int], check_distribution: CheckDistribution
) -> None:
    negatives = UniformNegatives(small_train(), CPU)
    draws = negatives.sample(torch.full((50_000,), user), torch.Generator().manual_seed(user))
    probability = np.zeros(7)
    probability[unseen] = 1 / len(unseen)
    check_distribution(draws.numpy(), probability)


def test_a_user_with_the_whole_catalog_is_not_eligible() -> None:
    assert UniformNegatives(small_train(), CPU).eligible.tolist() == [True, True, False, True]


@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
def test_no_positive_among_a_million_draws(by: PositivesBy, long_tailed_train: UserItems) -> None:
    sampler = build_uniform(
        UniformConfig(by=by),
        long_tailed_train,
        generator=torch.Generator().manual_seed(5),
        device=CPU,
    )
    expect_a_million_good_draws(sampler, long_tailed_train)


def test_nobody_with_an_unseen_item_is_an_error() -> None:
    train = UserItems.from_pairs(np.array([0, 1]), np.array([0, 0]), num_users=2, num_items=3)
    with pytest.raises(DataError, match="no user can be sampled"):
        build_uniform(UniformConfig(), train, generator=torch.Generator(), device=CPU)


def test_without_exclude_seen_every_catalog_item_is_as_likely(
    check_distribution: CheckDistribution,
) -> None:
    # Item 2 is in no train pair, so it is not in the catalog.
    train = UserItems.from_pairs(
        np.array([0, 0, 0, 1]), np.array([0, 1, 3, 1]), num_users=2, num_items=4
    )
    sampler = build_uniform(
        UniformConfig(exclude_seen=False, by=PositivesBy.interaction),
        train,
        generator=torch.Generator().manual_seed(0),
        device=torch.device("cpu"),
    )
    assert sampler.skipped_users == 0
    (batch,) = sampler.epoch(1, 100_000)
    check_distribution(batch.neg_items.numpy(), [1 / 3, 1 / 3, 0, 1 / 3])
    check_distribution(batch.neg_items[batch.users == 0].numpy(), [1 / 3, 1 / 3, 0, 1 / 3])
