from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import MatrixFactorizationConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DifferenceError, NonFiniteError, OutputError
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.checkpoints.file import load_checkpoint
from graphrec_cli.training.checkpoints.schedule import AFFORDABLE, Checkpointing, Schedule
from graphrec_cli.training.trainer import Trainer


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_every_so_many_epochs() -> None:
    schedule = Schedule(TrainerConfig(checkpoint_every=3))
    assert [epoch for epoch in range(1, 10) if schedule.epoch_is_due(epoch)] == [3, 6, 9]


def test_minutes_count_from_the_last_checkpoint() -> None:
    clock = Clock()
    schedule = Schedule(TrainerConfig(checkpoint_minutes=2), clock)
    assert not schedule.step_is_due()
    clock.now += 119
    assert not schedule.step_is_due()
    clock.now += 1
    assert schedule.step_is_due()
    schedule.record_write(0.1)
    assert not schedule.step_is_due()
    clock.now += 120
    assert schedule.step_is_due()


def test_without_minutes_no_step_is_due() -> None:
    clock = Clock()
    schedule = Schedule(TrainerConfig(checkpoint_minutes=None), clock)
    clock.now += 1e9
    assert not schedule.step_is_due()


@pytest.mark.parametrize("cost", [0.001, 0.02, 3.0])
@pytest.mark.parametrize("epoch_seconds", [0.1, 0.5, 40.0])
def test_by_default_it_writes_as_often_as_the_time_budget_allows(
    cost: float, epoch_seconds: float
) -> None:
    clock = Clock()
    schedule = Schedule(TrainerConfig(checkpoint_every=None), clock)
    written: list[float] = []
    for epoch in itertools.count(1):
        if clock.now > 1000 + 20 * (cost / AFFORDABLE + epoch_seconds):
            break
        clock.now += epoch_seconds
        if schedule.epoch_is_due(epoch):
            clock.now += cost
            schedule.record_write(cost)
            written.append(clock.now)
    assert written[0] == 1000 + epoch_seconds + cost  # the cost is unknown before the first
    share = cost * (len(written) - 1) / (clock.now - written[0])
    assert share <= AFFORDABLE
    # Once a checkpoint fits the budget, it waits no longer than one epoch.
    gaps = [later - sooner for sooner, later in itertools.pairwise(written)]
    assert max(gaps) <= cost / AFFORDABLE + epoch_seconds + cost + 1e-6


def keeper(run: RunDirectory, **stamp: str) -> Checkpointing:
    return Checkpointing(run, TrainerConfig(epochs=9), {"split_sha256": "a", **stamp})


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "run")


def row(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "loss": 0.5**epoch, "valid": {"ndcg@10": 0.1}}


def trainer_after(epochs: int) -> Trainer:
    """A trainer of four users and three items after ``epochs`` epochs of one step each."""
    train = UserItems.from_pairs(
        np.array([0, 1, 2, 3]), np.array([0, 1, 2, 0]), num_users=4, num_items=3
    )
    model = LightGCN(
        MatrixFactorizationConfig(embedding_dim=2),
        train,
        generator=torch.Generator().manual_seed(0),
        device=CPU,
    )
    sampler = build_uniform(
        UniformConfig(), train, generator=torch.Generator().manual_seed(1), device=CPU
    )
    config = TrainerConfig(epochs=max(epochs, 1), batch_size=4)
    trainer = Trainer(
        config,
        model,
        build_bpr(BPRConfig()),
        sampler,
        None,
        monitor=Monitor(),
    )
    assert len(list(trainer.fit())) == epochs
    return trainer


def test_the_history_is_cut_back_to_the_checkpoint(run: RunDirectory) -> None:
    first = keeper(run)
    for epoch in (1, 2):
        first.after_epoch(trainer_after(epoch), row(epoch), last=True)
    run.append_history(row(3))
    with run.history.open("a") as file:
        file.write('{"epoch": 4, "lo')
    second = keeper(run)
    state = second.find(CPU)
    assert state is not None
    assert (state["epoch"], state["history"]) == (2, [row(1), row(2)])
    assert len(run.history.read_text("utf-8").splitlines()) == 4
    second.begin_history(state["history"])
    assert second.history == [row(1), row(2)]
    lines = run.history.read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [row(1), row(2)]


def test_without_a_checkpoint_the_history_starts_empty(run: RunDirectory) -> None:
    run.append_history(row(1))
    assert keeper(run).find(CPU) is None
    keeper(run).begin_history([])
    assert run.history.read_text() == ""


def test_a_state_that_is_not_finite_is_not_written(run: RunDirectory) -> None:
    keeper(run).save(trainer_after(1))
    broken = trainer_after(2)
    broken.model.state_dict()["layer0_embeddings"][0] = torch.nan
    with pytest.raises(NonFiniteError):
        keeper(run).save(broken)
    assert load_checkpoint(run.last, CPU)["epoch"] == 1


def test_other_data_are_refused(run: RunDirectory) -> None:
    keeper(run).save(trainer_after(1))
    with pytest.raises(DifferenceError, match="were written with a different split"):
        keeper(run, split_sha256="b").find(CPU)


def test_a_file_that_is_no_training_is_refused(run: RunDirectory) -> None:
    keeper(run).save_best(3, {})
    run.best.rename(run.last)
    with pytest.raises(OutputError, match="they contain no training state"):
        keeper(run).find(CPU)
