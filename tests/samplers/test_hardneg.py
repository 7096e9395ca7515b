from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU, CheckDistribution, expect_a_million_good_draws, items_of_users
from numpy.typing import NDArray

from graphrec_cli.config.sampler import HardNegativeConfig, PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.samplers.hardneg import HardNegatives, build_hardneg

ITEMS: list[list[int]] = [
    [1],
    [2, 3, 7],
    [1, 2, 3],
    [1, 2, 3, 5, 6, 7, 8],
    [],
    [1, 2, 8],
    [1, 5, 6, 7, 8],
]
"""Items 0 and 4 are outside the catalog {1, 2, 3, 5, 6, 7, 8}, whose degrees are
5, 4, 3, 2, 2, 3, 3: the three most popular are 1, 2 and, first of three equals, 3. User 2 has
this whole pool, user 3 the whole catalog."""
POOL = [1, 2, 3]
CATALOG = [1, 2, 3, 5, 6, 7, 8]


def small_train() -> UserItems:
    return items_of_users(ITEMS, 9)


def hard_negatives(
    train: UserItems, probability: float, pool: int | None = len(POOL)
) -> HardNegatives:
    return HardNegatives(train, CPU, popular_probability=probability, popular_pool=pool)


def distribution(user: int, probability: float) -> NDArray[np.float64]:
    """The distribution as defined, item by item."""
    weight = np.zeros(9)
    for item in CATALOG:
        if item not in ITEMS[user]:
            weight[item] = (1 - probability) / len(CATALOG)
            if item in POOL:
                weight[item] += probability / len(POOL)
    weight /= weight.sum()
    return weight


@pytest.mark.parametrize(
    ("probability", "user"),
    [(p, user) for p in (0.0, 0.7, 1.0) for user in (0, 1, 2, 4, 5, 6) if (p, user) != (1.0, 2)],
)
def test_draws_follow_the_distribution(
    probability: float, user: int, check_distribution: CheckDistribution
) -> None:
    negatives = hard_negatives(small_train(), probability)
    draws = negatives.sample(torch.full((100_000,), user), torch.Generator().manual_seed(user))
    check_distribution(draws.numpy(), distribution(user, probability))


def test_a_batch_of_many_users_follows_each_users_distribution(
    check_distribution: CheckDistribution,
) -> None:
    users = torch.tensor([0, 1, 2, 4, 5, 6]).repeat(60_000)
    draws = hard_negatives(small_train(), 0.7).sample(users, torch.Generator().manual_seed(3))
    for user in (0, 1, 2, 4, 5, 6):
        check_distribution(draws[users == user].numpy(), distribution(user, 0.7))


@pytest.mark.parametrize("probability", [0.0, 0.7])
def test_only_the_whole_catalog_makes_a_user_ineligible(probability: float) -> None:
    eligible = hard_negatives(small_train(), probability).eligible.tolist()
    assert eligible == [True, True, True, False, True, True, True]


def test_pool_alone_makes_a_user_with_the_whole_pool_ineligible() -> None:
    eligible = hard_negatives(small_train(), 1.0).eligible.tolist()
    assert eligible == [True, True, False, False, True, True, True]


@pytest.mark.parametrize(
    ("size", "pool"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 2, 3, 7]), (6, [1, 2, 3, 5, 7, 8])],
)
def test_ties_at_the_edge_of_the_pool_go_to_the_lower_index(size: int, pool: list[int]) -> None:
    assert hard_negatives(small_train(), 0.7, size).pool.tolist() == pool


def test_the_pool_is_a_fifth_of_the_catalog_rounded_up_by_default() -> None:
    assert hard_negatives(small_train(), 0.7, None).pool.tolist() == [1, 2]


def test_a_pool_larger_than_the_catalog_names_its_key() -> None:
    with pytest.raises(ConfigError, match=r"sampler\.popular_pool=8 .* catalog of 7 items"):
        build_hardneg(
            HardNegativeConfig(popular_pool=8),
            small_train(),
            generator=torch.Generator(),
            device=CPU,
        )


def test_a_pool_of_the_whole_catalog_is_uniform(
    check_distribution: CheckDistribution,
) -> None:
    negatives = hard_negatives(small_train(), 0.7, 7)
    draws = negatives.sample(torch.full((50_000,), 5), torch.Generator().manual_seed(0))
    check_distribution(draws.numpy(), distribution(5, 0.0))


@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
@pytest.mark.parametrize("probability", [0.7, 1.0])
def test_no_positive_among_a_million_draws(
    by: PositivesBy, probability: float, long_tailed_train: UserItems
) -> None:
    config = HardNegativeConfig(by=by, popular_probability=probability)
    generator = torch.Generator().manual_seed(5)
    sampler = build_hardneg(config, long_tailed_train, generator=generator, device=CPU)
    expect_a_million_good_draws(sampler, long_tailed_train)


def test_nobody_with_an_unseen_pool_item_is_an_error() -> None:
    train = UserItems.from_pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), num_users=2, num_items=2)
    config = HardNegativeConfig(popular_probability=1.0, popular_pool=1)
    with pytest.raises(DataError, match="no user can be sampled"):
        build_hardneg(config, train, generator=torch.Generator(), device=CPU)
