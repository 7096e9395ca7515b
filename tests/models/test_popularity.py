from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from builders import CPU
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from graphrec_cli.config.model import PopularityConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.models.base import TripleModel
from graphrec_cli.models.popularity import build_popularity

HAS_ITEM = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))


@given(HAS_ITEM)
def test_scores_are_the_counts_of_train_pairs(has: NDArray[np.bool_]) -> None:
    users, items = np.nonzero(has)
    num_users, num_items = has.shape
    train = UserItems.from_pairs(users, items, num_users=num_users, num_items=num_items)
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    model = build_popularity(PopularityConfig(), train, generator=generator, device=CPU)
    model.prepare_scoring()
    count = Counter(items.tolist())
    wanted = torch.tensor([num_users - 1, 0, 0])
    assert model.score_users(wanted).tolist() == [[count[item] for item in range(num_items)]] * 3
    assert torch.equal(generator.get_state(), before)
    new_user = model.score_new_user(torch.tensor([0]))
    assert new_user.tolist() == [count[item] for item in range(num_items)]


def test_counts_that_float32_cannot_tell_apart_stay_apart() -> None:
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=1, num_items=2)
    generator = torch.Generator()
    model = build_popularity(PopularityConfig(), train, generator=generator, device=CPU)
    model.load_state_dict({"item_degree": torch.tensor([2**24, 2**24 + 1], dtype=torch.float64)})
    scores = model.score_users(torch.tensor([0]))
    assert bool(scores[0, 1] > scores[0, 0])


def test_nothing_is_trained() -> None:
    train = UserItems.from_pairs(np.array([0]), np.array([0]), num_users=1, num_items=1)
    generator = torch.Generator()
    model = build_popularity(PopularityConfig(), train, generator=generator, device=CPU)
    assert not isinstance(model, TripleModel)
    assert list(model.parameters()) == []
    assert list(model.state_dict()) == ["item_degree"]
