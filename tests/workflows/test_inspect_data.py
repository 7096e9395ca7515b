"""The plotted draws are those of the configured sampler."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphrec_cli.components import build_sampler
from graphrec_cli.config.dataset import SyntheticConfig
from graphrec_cli.config.run import Device, RunConfig
from graphrec_cli.config.sampler import (
    HardNegativeConfig,
    PositivesBy,
    SamplerConfig,
    UniformConfig,
)
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.workflows.draw_data import SHOWN_USERS, sample_pairs
from graphrec_cli.workflows.inspect_data import inspect_data


def config_of(sampler: SamplerConfig, num_users: int = 80) -> RunConfig:
    return RunConfig(
        dataset=SyntheticConfig(num_users=num_users, num_items=50, mean_interactions=10),
        split=LeaveOneOutConfig(),
        sampler=sampler,
        device=Device.cpu,
        num_threads=torch.get_num_threads(),
    )


def held(train: UserItems) -> set[tuple[int, int]]:
    return set(zip(train.user_index().tolist(), train.item_index.tolist(), strict=True))


@pytest.mark.parametrize("by", [by for by in PositivesBy if by is not PositivesBy.weight])
@pytest.mark.parametrize("kind", [UniformConfig, HardNegativeConfig])
def test_positives_are_train_pairs_and_negatives_are_not(
    kind: type[SamplerConfig], by: PositivesBy
) -> None:
    config = config_of(kind(by=by))
    train = inspect_data(config)[1].train
    sampled = sample_pairs(config, train)

    assert sampled.positives.sum() == sampled.negatives.sum() == train.num_pairs
    if by is PositivesBy.interaction:
        assert np.array_equal(sampled.positives, train.item_degree)
    users = sampled.user_index.tolist()
    assert set(zip(users, sampled.pos_item.tolist(), strict=True)) <= held(train)
    assert not set(zip(users, sampled.neg_item.tolist(), strict=True)) & held(train)

    assert len(set(sampled.users.tolist())) == SHOWN_USERS
    degree = train.user_degree[sampled.users]
    assert (np.diff(degree) >= 0).all()
    assert (degree[0], degree[-1]) == (train.user_degree.min(), train.user_degree.max())
    assert set(users) <= set(sampled.users.tolist())
    if by is PositivesBy.interaction:
        assert len(users) == degree.sum()


def test_the_draws_are_the_first_of_a_training_run() -> None:
    config = config_of(UniformConfig())
    train = inspect_data(config)[1].train
    sampled = sample_pairs(config, train)
    sampler = build_sampler(config, train, torch.device("cpu"))
    (batch,) = sampler.epoch(None, 2**16)
    shown = np.isin(batch.users.numpy(), sampled.users)
    assert np.array_equal(batch.pos_items.numpy()[shown], sampled.pos_item)
    assert np.array_equal(batch.neg_items.numpy()[shown], sampled.neg_item)


def test_of_few_users_all_are_shown() -> None:
    config = config_of(UniformConfig(), num_users=12)
    config.dataset.k_core.min_item_interactions = 1
    split = inspect_data(config)[1]
    sampled = sample_pairs(config, split.train)
    assert sorted(sampled.users.tolist()) == list(range(len(split.users)))
