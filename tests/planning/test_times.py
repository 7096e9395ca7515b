"""Steps and evaluations are timed for what they take, and no longer than asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU

from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.protocol import EvaluationSettings, PartResult
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.models.base import Model
from graphrec_cli.models.popularity import Popularity
from graphrec_cli.planning.evaluation_time import time_evaluation
from graphrec_cli.planning.step_time import time_steps
from graphrec_cli.training.trainer import Trainer


class SlowTrainer(Trainer):
    """Steps and batches of known times; the first batch of an epoch takes longer."""

    def __init__(self, step: float, sampling: float, first: float) -> None:
        self.device, self.batch_size, self.config = CPU, 4, TrainerConfig(steps_per_epoch=5)
        self.seconds, self.sampling, self.first = step, sampling, first
        self.taken = 0
        self.sampler: Any = self

    def epoch(self, steps: int, batch_size: int) -> Iterator[int]:  # type: ignore[override]
        """Batches, as a sampler gives them."""
        assert (steps, batch_size) == (5, 4)
        for number in range(steps):
            time.sleep(self.sampling if number else self.first)
            yield number

    def train_step(self, batch: Any) -> torch.Tensor:
        """Take the time of a step."""
        time.sleep(self.seconds)
        self.taken += 1
        return torch.zeros(())


def test_the_median_of_steps_with_their_sampling() -> None:
    trainer = SlowTrainer(step=0.004, sampling=0.002, first=0.03)
    times = time_steps(trainer)
    assert times.timed == 30
    assert trainer.taken == 33
    assert times.step == pytest.approx(0.006, rel=0.5)
    assert times.sampling == pytest.approx(0.002, rel=0.9)
    assert times.epoch_start == pytest.approx(0.028, rel=0.5)


def test_slow_steps_end_the_timing() -> None:
    trainer = SlowTrainer(step=0.2, sampling=0.0, first=0.0)
    times = time_steps(trainer, budget=0.3)
    assert times.timed <= 2
    assert trainer.taken <= 4
    assert times.step == pytest.approx(0.2, rel=0.3)


class SlowEvaluation(RankingEvaluation):
    """Takes a fixed time and a time a user; remembers how many users it was given."""

    def __init__(self, fixed: float, a_user: float) -> None:
        settings = EvaluationSettings(ks=[1], seed=3, valid_users=None, device=CPU)
        super().__init__(RankingConfig(), settings)
        self.fixed, self.a_user = fixed, a_user
        self.users: list[int] = []

    def evaluate(self, model: Model, split: Split, part: str) -> PartResult:
        """Take the time of an evaluation."""
        self.users.append(int(np.count_nonzero(split.parts()[part].user_degree)))
        time.sleep(self.fixed + self.a_user * self.users[-1])
        return PartResult(metrics={}, counts={}, arrays={})


def seconds_of(
    evaluation: SlowEvaluation, users: int, part: str, asked: int, **words: Any
) -> float:
    """The time of an evaluation of ``asked`` users of a split with ``users``."""
    split = split_of(users)
    model = Popularity(split.train, CPU)
    return time_evaluation(evaluation, model, split, part, asked, **words)


def split_of(num_users: int) -> Split:
    users = np.arange(num_users)

    def part(item: int) -> UserItems:
        items = np.full(num_users, item)
        return UserItems.from_pairs(users, items, num_users=num_users, num_items=3)

    ids = IdMap(users), IdMap(np.arange(3))
    return Split(train=part(0), valid=part(1), test=part(2), users=ids[0], items=ids[1])


@pytest.mark.parametrize("part", ["valid", "test"])
def test_few_users_are_evaluated_whole(part: str) -> None:
    evaluation = SlowEvaluation(0.01, 1e-4)
    seconds = seconds_of(evaluation, 100, part, 100)
    assert set(evaluation.users) == {100}
    assert seconds == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize("part", ["valid", "test"])
def test_many_users_are_extrapolated(part: str) -> None:
    evaluation = SlowEvaluation(0.05, 2e-4)
    seconds = seconds_of(evaluation, 20_000, part, 20_000, budget=0.3)
    assert max(evaluation.users) < 2_000
    assert seconds == pytest.approx(0.05 + 4, rel=0.2)


def test_only_as_many_users_as_a_validation_samples() -> None:
    evaluation = SlowEvaluation(0.001, 1e-5)
    seconds_of(evaluation, 500, "valid", 120)
    assert set(evaluation.users) == {120}
