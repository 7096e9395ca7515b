"""Steps replayed as a CUDA graph, and the device's steps next to the CPU's."""

from __future__ import annotations

import copy
import logging
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU
from torch import Tensor

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.triples import Triples
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.graphed_step import GraphedStep
from graphrec_cli.training.trainer import Trainer

pytestmark = pytest.mark.gpu

CONFIG = TrainerConfig(
    epochs=4, batch_size=512, min_steps_per_epoch=None, learning_rate=0.01, warmup_steps=20
)


def random_pairs(seed: int, *, share: float) -> UserItems:
    users, items = np.nonzero(np.random.default_rng(seed).random((300, 200)) < share)
    return UserItems.from_pairs(users, items, num_users=300, num_items=200)


def trainer_on(device: torch.device, *, repeats_steps: bool, by: PositivesBy) -> Trainer:
    train = random_pairs(0, share=0.1)
    return Trainer(
        CONFIG,
        LightGCN(
            LightGCNConfig(embedding_dim=16),
            train,
            generator=torch.Generator().manual_seed(1),
            device=device,
        ),
        build_bpr(BPRConfig(l2=1e-3)),
        build_uniform(
            UniformConfig(by=by),
            train,
            generator=torch.Generator(device).manual_seed(2),
            device=device,
        ),
        None,
        monitor=Monitor(),
        repeats_steps=repeats_steps,
    )


def table_of(trainer: Trainer) -> Tensor:
    table: Tensor = trainer.model.state_dict()["layer0_embeddings"]
    return table.cpu()


@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
def test_replayed_and_ordinary_steps_train_the_same(by: PositivesBy) -> None:
    # The last batch of an epoch is smaller, and the learning rate changes with every step.
    replayed, ordinary = (
        trainer_on(torch.device("cuda"), repeats_steps=repeats, by=by) for repeats in (True, False)
    )
    losses = [[epoch.record["loss"] for epoch in trainer.fit()] for trainer in (replayed, ordinary)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    torch.testing.assert_close(table_of(replayed), table_of(ordinary), rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("by", [PositivesBy.user, PositivesBy.interaction])
def test_a_replaying_trainer_continues_in_the_middle_of_an_epoch(by: PositivesBy) -> None:
    saved: list[dict[str, Any]] = []

    def save(trainer: Trainer) -> None:
        if trainer.step == 17:
            saved.append(copy.deepcopy(trainer.state_dict()))

    whole, resumed = (trainer_on(torch.device("cuda"), repeats_steps=True, by=by) for _ in range(2))
    whole._after_step = save
    losses = [epoch.record["loss"] for epoch in whole.fit()]
    resumed.load_state_dict(saved[0])
    further = [epoch.record["loss"] for epoch in resumed.fit()]
    assert further == pytest.approx(losses[-len(further) :], rel=1e-4)
    assert resumed.step == whole.step
    torch.testing.assert_close(table_of(resumed), table_of(whole), rtol=1e-2, atol=1e-4)


def test_two_trainings_give_the_same_weights() -> None:
    tables = []
    for _ in range(2):
        trainer = trainer_on(torch.device("cuda"), repeats_steps=True, by=PositivesBy.user)
        list(trainer.fit())
        tables.append(table_of(trainer))
    assert torch.equal(*tables)


def test_an_epoch_never_waits_for_the_device() -> None:
    trainer = trainer_on(torch.device("cuda"), repeats_steps=True, by=PositivesBy.user)
    trainer.train_epoch()
    batches = trainer.sampler.epoch(60, 512)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in batches:
            trainer.train_step(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_200_steps_and_the_ranks_agree_with_the_cpu() -> None:
    on_cpu, on_gpu = (
        trainer_on(torch.device(device), repeats_steps=True, by=PositivesBy.user)
        for device in ("cpu", "cuda")
    )
    losses: list[list[float]] = [[], []]
    for batch in on_cpu.sampler.epoch(200, 512):
        losses[0].append(on_cpu.train_step(batch).item())
        losses[1].append(on_gpu.train_step(Triples(*(part.cuda() for part in batch))).item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    torch.testing.assert_close(table_of(on_gpu), table_of(on_cpu), rtol=1e-2, atol=1e-3)
    train, held_out = random_pairs(0, share=0.1), random_pairs(3, share=0.02)
    ranks = []
    for trainer, device in ((on_cpu, CPU), (on_gpu, torch.device("cuda"))):
        trainer.model.load_state_dict(on_cpu.model.state_dict())
        trainer.model.prepare_scoring()
        pairs = HeldOutPairs(held_out=without(held_out, train), train=train)
        rules = RankingRules(tie_seed=1, device=device)
        ranks.append(rank_held_out(trainer.model, pairs, rules).rank)
    # Scores that differ by less than rounding may change places.
    assert np.mean(ranks[0] == ranks[1]) > 0.99
    assert np.abs(ranks[0] - ranks[1]).max() <= 1


def without(pairs: UserItems, others: UserItems) -> UserItems:
    """The pairs that are not in the other part."""
    keys, other_keys = (
        part.user_index().astype(np.int64) * part.num_items + part.item_index
        for part in (pairs, others)
    )
    kept = ~np.isin(keys, other_keys)
    return UserItems.from_pairs(
        pairs.user_index()[kept], pairs.item_index[kept], num_users=300, num_items=200
    )


def test_a_step_that_waits_is_taken_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    seen = []

    def take_step(batch: Triples) -> Tensor:
        seen.append(batch.users.sum().item())
        return batch.users.float().sum()

    step = GraphedStep(take_step)
    with caplog.at_level(logging.INFO, logger="graphrec"):
        for number in range(8):
            users = torch.full((4,), number, device="cuda")
            assert step(Triples(users, users, users)).item() == 4 * number
    assert seen == [4 * number for number in range(8)]
    assert "steps are not replayed as a CUDA graph" in caplog.text
