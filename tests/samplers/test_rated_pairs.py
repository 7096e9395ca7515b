from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import CPU

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError
from graphrec_cli.samplers.rated_pairs import RatedPairSampler

RATED = {(0, 1): 5.0, (0, 3): 1.5, (2, 0): 3.0, (2, 1): 4.0, (3, 3): 2.5}


def train(*, rated: bool = True) -> UserItems:
    pairs = np.array(list(RATED))
    rating = np.array(list(RATED.values()), dtype=np.float32) if rated else None
    weight = np.ones(len(pairs), dtype=np.float32)
    return UserItems.from_pairs(
        pairs[:, 0], pairs[:, 1], num_users=4, num_items=4, rating=rating, weight=weight
    )


def sampler(by: PositivesBy, seed: int = 0) -> RatedPairSampler:
    generator = torch.Generator().manual_seed(seed)
    return RatedPairSampler(by, train(), generator=generator, device=CPU)


@pytest.mark.parametrize("by", list(PositivesBy))
def test_every_draw_is_a_train_pair_with_its_own_rating(by: PositivesBy) -> None:
    for users, items, ratings in sampler(by).epoch(50, 3):
        assert users.dtype == items.dtype == torch.int64
        for user, item, rating in zip(
            users.tolist(), items.tolist(), ratings.tolist(), strict=True
        ):
            assert RATED[(user, item)] == rating


def test_a_pass_holds_every_pair_once() -> None:
    (batch,) = sampler(PositivesBy.interaction).epoch(None, 5)
    assert sorted(zip(batch.users.tolist(), batch.items.tolist(), strict=True)) == sorted(RATED)


def test_it_goes_on_from_its_state() -> None:
    first = sampler(PositivesBy.interaction)
    list(first.epoch(3, 2))
    loaded = sampler(PositivesBy.interaction, seed=9)
    loaded.load_state_dict(first.state_dict())
    for got, expected in zip(loaded.epoch(9, 2), first.epoch(9, 2), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


def test_pairs_without_ratings_are_refused() -> None:
    with pytest.raises(DataError, match="loss=mse needs a rating for every pair"):
        RatedPairSampler(
            PositivesBy.user, train(rated=False), generator=torch.Generator(), device=CPU
        )
