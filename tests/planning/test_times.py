"""Steps and evaluations are timed for what they take, and no longer than asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU

from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.attributes import ItemAttributes
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.splits.split import Split
from graphrec_cli.evaluation.beyond_accuracy import BeyondAccuracy
from graphrec_cli.evaluation.protocol import EvaluationSettings, PartResult
from graphrec_cli.evaluation.ranking import RankingEvaluation
from graphrec_cli.models.base import Model
from graphrec_cli.models.popularity import Popularity
from graphrec_cli.planning import evaluation_time, step_time
from graphrec_cli.training.trainer import Trainer


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        """Seconds, as ``time.perf_counter`` gives them."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of both modules."""
    clock = Clock()
    for module in (step_time, evaluation_time):
        monkeypatch.setattr(module, "time", clock)
    return clock


class SlowBatches:
    """A sampler whose batches take a known time, the first of an epoch a longer one."""

    num_pairs = 4_000

    def __init__(self, clock: Clock, first: float, others: float) -> None:
        self.clock, self.first, self.others = clock, first, others

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[int]:
        """Numbers instead of batches."""
        assert (steps, batch_size, done) == (1_000, 4, 0)
        for number in range(1_000):
            self.clock.now += self.others if number else self.first
            yield number

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing."""


class SlowTrainer(Trainer):
    """Steps of a known time."""

    def __init__(self, clock: Clock, step: float, sampling: float, first: float) -> None:
        self.device, self.batch_size, self.config = CPU, 4, TrainerConfig(steps_per_epoch=1_000)
        self.clock, self.seconds, self.taken, self.epoch = clock, step, 0, 0
        self.sampler = SlowBatches(clock, first, sampling)

    def train_step(self, batch: Any) -> torch.Tensor:
        """Take the time of a step."""
        self.clock.now += self.seconds
        self.taken += 1
        return torch.zeros(())


def test_the_mean_of_steps_with_their_sampling(clock: Clock) -> None:
    trainer = SlowTrainer(clock, step=0.03, sampling=0.01, first=0.25)
    times = step_time.time_steps(trainer)
    assert times.timed == pytest.approx(50, abs=1)  # two seconds
    assert trainer.taken == 3 + times.timed
    assert times.step == pytest.approx(0.04)
    assert times.sampling == pytest.approx(0.01)
    assert times.epoch_start == pytest.approx(0.24)


def test_some_steps_are_timed_even_if_they_take_long(clock: Clock) -> None:
    times = step_time.time_steps(SlowTrainer(clock, step=0.4, sampling=0.0, first=0.0))
    assert times.timed == 10
    assert times.step == pytest.approx(0.4)


def test_very_slow_steps_end_the_timing(clock: Clock) -> None:
    trainer = SlowTrainer(clock, step=100.0, sampling=0.0, first=0.0)
    times = step_time.time_steps(trainer)
    assert times.timed == 1
    assert trainer.taken == 2
    assert times.step == pytest.approx(100)


class SlowEvaluation(RankingEvaluation):
    """Takes a fixed time, a time a user and one a list; remembers how many users it was given."""

    def __init__(self, clock: Clock, fixed: float, a_user: float, a_list: float = 0.0) -> None:
        settings = EvaluationSettings(ks=[1], seed=3, valid_users=None, device=CPU)
        super().__init__(RankingConfig(), settings)
        self.clock, self.fixed, self.a_user, self.a_list = clock, fixed, a_user, a_list
        self.users: list[int] = []

    def evaluate(self, model: Model, split: Split, part: str) -> PartResult:
        """Take the time of an evaluation."""
        self.users.append(int(np.count_nonzero(split.parts()[part].user_degree)))
        self.clock.now += self.fixed + self.a_user * self.users[-1]
        return PartResult(metrics={}, counts={}, arrays={})

    def beyond_accuracy(
        self,
        model: Model,
        split: Split,
        part: str,
        result: PartResult,
        attributes: ItemAttributes | None,
    ) -> BeyondAccuracy:
        """Take the time of the lists."""
        self.clock.now += self.a_list * self.users[-1]
        return BeyondAccuracy(lists={}, by_activity={})


def seconds_of(evaluation: SlowEvaluation, users: int, part: str, asked: int) -> float:
    """The time of an evaluation of ``asked`` users of a split with ``users``."""
    split = split_of(users)
    model = Popularity(split.train, CPU)
    return evaluation_time.time_evaluation(evaluation, model, split, part, asked)


def split_of(num_users: int) -> Split:
    users = np.arange(num_users)

    def part(item: int) -> UserItems:
        items = np.full(num_users, item)
        return UserItems.from_pairs(users, items, num_users=num_users, num_items=3)

    ids = IdMap(users), IdMap(np.arange(3))
    return Split(train=part(0), valid=part(1), test=part(2), users=ids[0], items=ids[1])


@pytest.mark.parametrize("part", ["valid", "test"])
def test_few_users_are_evaluated_whole_and_repeatedly(clock: Clock, part: str) -> None:
    evaluation = SlowEvaluation(clock, 0.01, 1e-4)
    assert seconds_of(evaluation, 100, part, 100) == pytest.approx(0.02)
    assert evaluation.users == [100] * 6


@pytest.mark.parametrize("part", ["valid", "test"])
def test_many_users_are_extrapolated(clock: Clock, part: str) -> None:
    evaluation = SlowEvaluation(clock, fixed=0.5, a_user=1e-2)
    assert seconds_of(evaluation, 20_000, part, 20_000) == pytest.approx(200.5)
    assert 256 < max(evaluation.users) < 600
    assert clock.now < 120


@pytest.mark.parametrize(("part", "seconds"), [("valid", 0.02), ("test", 0.05)])
def test_lists_are_made_on_test_alone(clock: Clock, part: str, seconds: float) -> None:
    evaluation = SlowEvaluation(clock, 0.01, 1e-4, a_list=3e-4)
    assert seconds_of(evaluation, 100, part, 100) == pytest.approx(seconds)


def test_only_as_many_users_as_a_validation_samples(clock: Clock) -> None:
    evaluation = SlowEvaluation(clock, 0.001, 1e-5)
    assert seconds_of(evaluation, 500, "valid", 120) == pytest.approx(0.001 + 120e-5)
    assert set(evaluation.users) == {120}
