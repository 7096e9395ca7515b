"""A training step on a GPU must not make the host wait for the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU
from torch.profiler import ProfilerActivity, profile

from graphrec_cli.config.loss import BPRConfig, LossConfig, SoftmaxConfig
from graphrec_cli.config.model import LightGCNConfig, Similarity
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.losses.softmax import build_softmax
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.candidates import CandidateSampler
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.trainer import Trainer

WAITS = (
    "_local_scalar_dense",
    "nonzero",
    "_unique",
    "unique",
    "masked_select",
    "repeat_interleave",
    "equal",
)
"""Operations after which the host waits for the result or its size."""


def operations_of(trainer: Trainer, batch: Any) -> set[str]:
    """The names of all operations of a step, including the backward pass.

    Those within fused Adam are left out: its kernel for the CPU reads the step count, and CUDA's
    does not.
    """
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        trainer.train_step(batch)
    names = set()
    for event in profiler.events():
        inside = event.cpu_parent
        while inside is not None and inside.name != "aten::_fused_adam_":
            inside = inside.cpu_parent
        if inside is None:
            names.add(event.name.removeprefix("aten::"))
    return names


def trainer_of(loss: LossConfig, model_config: LightGCNConfig, *, as_on_a_gpu: bool) -> Trainer:
    users, items = np.nonzero(np.random.default_rng(0).random((30, 20)) < 0.2)
    train = UserItems.from_pairs(users, items, num_users=30, num_items=20)
    generator = torch.Generator().manual_seed(0)
    model = LightGCN(model_config, train, generator=generator, device=CPU)
    model.picks_rows = not as_on_a_gpu
    by = PositivesBy.interaction
    return Trainer(
        TrainerConfig(batch_size=16),
        model,
        build_softmax(loss) if isinstance(loss, SoftmaxConfig) else build_bpr(BPRConfig(l2=1e-3)),
        CandidateSampler(loss, by, train, generator=generator, device=CPU)
        if isinstance(loss, SoftmaxConfig)
        else build_uniform(UniformConfig(by=by), train, generator=generator, device=CPU),
        None,
        monitor=Monitor(),
    )


@pytest.mark.parametrize("loss", [BPRConfig(), SoftmaxConfig(num_negatives=8)])
@pytest.mark.parametrize(
    "model",
    [
        LightGCNConfig(embedding_dim=4),
        LightGCNConfig(embedding_dim=4, num_layers=0, similarity=Similarity.cosine),
    ],
)
def test_a_step_never_waits_for_the_device(loss: LossConfig, model: LightGCNConfig) -> None:
    trainer = trainer_of(loss, model, as_on_a_gpu=True)
    batches = trainer.sampler.epoch(3, 16)
    trainer.train_step(next(batches))  # creates the optimizer's state
    batch = next(batches)
    operations = operations_of(trainer, batch)
    assert "_fused_adam_" in operations
    assert "embedding_dense_backward" in operations
    assert [name for name in operations if name.startswith(WAITS)] == []


def test_the_check_sees_a_step_that_waits() -> None:
    trainer = trainer_of(BPRConfig(), LightGCNConfig(embedding_dim=4), as_on_a_gpu=False)
    operations = operations_of(trainer, next(trainer.sampler.epoch(1, 16)))
    assert [name for name in operations if name.startswith(WAITS)]


@pytest.mark.parametrize("loss", [BPRConfig(), SoftmaxConfig(num_negatives=8)])
def test_both_ways_take_the_same_step(loss: LossConfig) -> None:
    tables = []
    for as_on_a_gpu in (False, True):
        trainer = trainer_of(loss, LightGCNConfig(embedding_dim=4), as_on_a_gpu=as_on_a_gpu)
        for batch in trainer.sampler.epoch(5, 16):
            trainer.train_step(batch)
        tables.append(trainer.model.state_dict()["layer0_embeddings"])
    torch.testing.assert_close(tables[0], tables[1], rtol=1e-4, atol=1e-5)
