from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from builders import CPU, CheckDistribution, items_of_users
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.samplers.positives import (
    Positives,
    PositivesByDistinctUser,
    PositivesByInteraction,
    PositivesByUser,
    PositivesByWeight,
    build_positives,
)

ITEMS: list[list[int]] = [[1], [0, 2, 3], [], [0, 1, 2, 3], [2, 3]]
"""User 2 has no item; the tests make user 3 ineligible."""
ELIGIBLE = torch.tensor([True, True, True, False, True])
PAIRS = [(0, 1), (1, 0), (1, 2), (1, 3), (4, 2), (4, 3)]


def small_train() -> UserItems:
    """Pairs with the weights 1, 2, 3 and so on."""
    train = items_of_users(ITEMS, 4)
    return replace(train, weight=np.arange(1, train.num_pairs + 1, dtype=np.float32))


def draw_pairs(
    positives: Positives, size: int, generator: torch.Generator
) -> list[tuple[int, int]]:
    numbers = positives.draw(size, generator).numpy()
    train = small_train()
    users, items = train.user_index()[numbers], train.item_index[numbers]
    return list(zip(users.tolist(), items.tolist(), strict=True))


def test_by_user_is_uniform_over_users_and_then_over_their_items(
    check_distribution: CheckDistribution,
) -> None:
    positives = PositivesByUser(small_train(), ELIGIBLE, CPU)
    users, items = np.array(
        draw_pairs(positives, 100_000, torch.Generator().manual_seed(0)), dtype=np.int64
    ).T
    probability = np.zeros((5, 4))
    for user in (0, 1, 4):
        probability[user, ITEMS[user]] = 1 / 3 / len(ITEMS[user])
    check_distribution(users * 4 + items, probability.ravel())
    check_distribution(users, [1 / 3, 1 / 3, 0, 0, 1 / 3])


@pytest.mark.slow
def test_distinct_users_are_uniform_and_never_twice_in_a_batch(
    check_distribution: CheckDistribution,
) -> None:
    positives = PositivesByDistinctUser(small_train(), ELIGIBLE, CPU)
    generator = torch.Generator().manual_seed(0)
    batches = np.array([draw_pairs(positives, 2, generator) for _ in range(6_000)])
    users, items = batches[..., 0], batches[..., 1]
    assert (users[:, 0] != users[:, 1]).all()
    check_distribution(users[:, 0], [1 / 3, 1 / 3, 0, 0, 1 / 3])
    of_user_1 = items[:, 0][users[:, 0] == 1]
    check_distribution(of_user_1, [1 / 3, 0, 1 / 3, 1 / 3])
    with pytest.raises(ConfigError, match=r"batch of 4, because only 3 users"):
        positives.draw(4, generator)


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_by_interaction_takes_every_pair_once_a_pass_in_batches_of_any_size(
    batch_size: int, seed: int
) -> None:
    positives = PositivesByInteraction(small_train(), ELIGIBLE, CPU)
    generator = torch.Generator().manual_seed(seed)
    drawn: list[tuple[int, int]] = []
    while len(drawn) < 3 * len(PAIRS):
        drawn += draw_pairs(positives, batch_size, generator)
    for first in range(0, len(drawn) - len(PAIRS) + 1, len(PAIRS)):
        assert sorted(drawn[first : first + len(PAIRS)]) == PAIRS


@pytest.mark.slow
def test_by_interaction_shuffles_every_pass_uniformly(
    check_distribution: CheckDistribution,
) -> None:
    positives = PositivesByInteraction(small_train(), ELIGIBLE, CPU)
    drawn = np.array(draw_pairs(positives, 6 * 20_000, torch.Generator().manual_seed(1)))
    first_user = drawn[::6, 0]
    check_distribution(first_user, [1 / 6, 3 / 6, 0, 0, 2 / 6])


def test_a_new_pass_starts_from_all_pairs_whatever_was_left() -> None:
    positives = PositivesByInteraction(small_train(), ELIGIBLE, CPU)
    generator = torch.Generator().manual_seed(2)
    draw_pairs(positives, 4, generator)
    positives.start_pass(generator)
    assert sorted(draw_pairs(positives, 6, generator)) == PAIRS


def test_by_weight_is_proportional_to_the_weights_of_eligible_users(
    check_distribution: CheckDistribution,
) -> None:
    positives = PositivesByWeight(small_train(), ELIGIBLE, CPU)
    drawn = np.array(draw_pairs(positives, 100_000, torch.Generator().manual_seed(3)))
    # The four pairs of user 3, with the weights 5 to 8, are never drawn.
    weight = {(0, 1): 1, (1, 0): 2, (1, 2): 3, (1, 3): 4, (4, 2): 9, (4, 3): 10}
    probability = np.zeros((5, 4))
    for pair, value in weight.items():
        probability[pair] = value / 29
    check_distribution(drawn[:, 0] * 4 + drawn[:, 1], probability.ravel())


def test_weights_a_million_apart_keep_their_ratio() -> None:
    train = replace(items_of_users([[0, 1, 2]], 3), weight=np.array([1e6, 1, 1e6], np.float32))
    positives = PositivesByWeight(train, torch.tensor([True]), CPU)
    drawn = positives.draw(4_000_000, torch.Generator().manual_seed(0))
    rare = int((drawn == 1).sum())
    assert 0 < rare < 12  # two are expected
    assert int((drawn == 0).sum()) == pytest.approx(2_000_000, rel=0.01)


def test_equal_weights_draw_all_pairs_equally_often(
    check_distribution: CheckDistribution,
) -> None:
    train = replace(small_train(), weight=np.full(10, 0.3, np.float32))
    positives = PositivesByWeight(train, torch.ones(5, dtype=torch.bool), CPU)
    drawn = positives.draw(50_000, torch.Generator().manual_seed(1))
    check_distribution(drawn.numpy(), [0.1] * 10)


@given(st.permutations(range(10)), st.integers(0, 2**32))
def test_the_order_of_the_rows_changes_no_draw_by_weight(order: list[int], seed: int) -> None:
    train = small_train()
    assert train.weight is not None
    shuffled = UserItems.from_pairs(
        train.user_index()[order],
        train.item_index[order],
        num_users=5,
        num_items=4,
        weight=train.weight[order],
    )
    drawn = [
        PositivesByWeight(each, ELIGIBLE, CPU).draw(20, torch.Generator().manual_seed(seed))
        for each in (train, shuffled)
    ]
    assert torch.equal(*drawn)


def test_pairs_without_weights_are_an_error() -> None:
    train = replace(small_train(), weight=None)
    with pytest.raises(DataError, match=r"sampler\.by=weight needs weights"):
        build_positives(PositivesBy.weight, train, ELIGIBLE, CPU)


@pytest.mark.parametrize("by", list(PositivesBy))
def test_pairs_of_ineligible_users_do_not_count(by: PositivesBy) -> None:
    assert build_positives(by, small_train(), ELIGIBLE, CPU).num_pairs == len(PAIRS)


@pytest.mark.parametrize(
    ("by", "kind"),
    [
        (PositivesBy.user, PositivesByUser),
        (PositivesBy.distinct_user, PositivesByDistinctUser),
        (PositivesBy.interaction, PositivesByInteraction),
        (PositivesBy.weight, PositivesByWeight),
    ],
)
def test_the_config_chooses_the_class(by: PositivesBy, kind: type) -> None:
    assert type(build_positives(by, small_train(), ELIGIBLE, CPU)) is kind


@pytest.mark.parametrize("by", list(PositivesBy))
def test_no_eligible_user_with_items_is_an_error(by: PositivesBy) -> None:
    only_user_2 = torch.tensor([False, False, True, False, False])
    with pytest.raises(DataError, match="no user can be sampled"):
        build_positives(by, small_train(), only_user_2, CPU)
