"""A script for torchrun: train in float64 with all processes, and alone, and compare.

Every process trains each model twice: with its own columns, and the whole table alone. It fails if
a loss or a weight differs by more than 1e-12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphrec_cli.config.loss import BPRConfig, LossConfig, SoftmaxConfig, SoftmaxNegatives
from graphrec_cli.config.model import (
    LightGCNConfig,
    MatrixFactorizationConfig,
    Similarity,
    SimilarityConfig,
)
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.distributed.several import SeveralProcesses
from graphrec_cli.losses.base import EpochLoss
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.losses.softmax import build_softmax
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.candidates import CandidateSampler
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.adam import Adam

CPU = torch.device("cpu")
STEPS, TOLERANCE = 50, 1e-12
LIGHTGCN_PLUS_PLUS = LightGCNConfig(
    embedding_dim=8,
    own_degree_power=0.6,
    neighbor_degree_power=0.4,
    normalize_layers=True,
    layer0_weight=0.3,
)
COSINE = LightGCNConfig(embedding_dim=8, num_layers=3, similarity=Similarity.cosine)
CASES: list[tuple[SimilarityConfig, LossConfig]] = [
    (LightGCNConfig(embedding_dim=8), BPRConfig(l2=0.1)),
    (COSINE, BPRConfig(l2_final=0.1, l2_all=0.01)),
    (LIGHTGCN_PLUS_PLUS, BPRConfig()),
    (MatrixFactorizationConfig(embedding_dim=8), SoftmaxConfig(num_negatives=16)),
    (
        LightGCNConfig(embedding_dim=8),
        SoftmaxConfig(
            negatives=SoftmaxNegatives.in_batch,
            user_temperature_spread=0.5,
            positive_in_denominator=True,
            denominator_power=0.8,
        ),
    ),
    (LIGHTGCN_PLUS_PLUS, SoftmaxConfig(num_negatives=16, log_q_power=0.5, uniform_share=0.3)),
]


def random_train(num_users: int = 30, num_items: int = 20) -> UserItems:
    """A quarter of all pairs, and one pair at least of every user and item."""
    has = np.random.default_rng(0).random((num_users, num_items)) < 0.25
    has[np.arange(num_users), np.arange(num_users) % num_items] = True
    users, items = has.nonzero()
    return UserItems.from_pairs(users, items, num_users=num_users, num_items=num_items)


def trained(
    model_config: SimilarityConfig, loss_config: LossConfig, processes: Processes
) -> tuple[list[float], Tensor]:
    """Losses of all steps, and this process's columns of the weights."""
    train = random_train()
    generator = torch.Generator().manual_seed(1)
    model = LightGCN(
        model_config, train, generator=generator, device=CPU, processes=processes
    ).double()
    model.train_in(torch.float64)
    loss: Any
    batches: Any
    if isinstance(loss_config, BPRConfig):
        loss = build_bpr(loss_config)
        sampler = build_uniform(UniformConfig(), train, generator=generator, device=CPU)
        batches = sampler.epoch(STEPS, 32)
    else:
        assert isinstance(loss_config, SoftmaxConfig)
        loss = build_softmax(loss_config)
        by = PositivesBy.user
        batches = (
            batch._replace(log_weight=batch.log_weight.double())
            for batch in CandidateSampler(
                loss_config, by, train, generator=generator, device=CPU
            ).epoch(STEPS, 32)
        )
    if isinstance(loss, EpochLoss):
        loss.start(model)
    optimizer = Adam(model.parameters(), lr=0.01, weight_decay=0.001)
    losses = []
    for number, batch in enumerate(batches, start=1):
        optimizer.zero_grad()
        value = loss(model, batch)
        value.backward()
        optimizer.step()
        losses.append(value.item())
        if number % 20 == 0 and isinstance(loss, EpochLoss):
            loss.end_epoch()
    return losses, model.layer0_embeddings.detach()


def main() -> None:
    """Compare all cases."""
    torch.set_num_threads(1)
    processes = SeveralProcesses.start()
    # Four processes take long to start on few cores.
    for model_config, loss_config in CASES if processes.size == 2 else CASES[1::3]:
        losses, weights = trained(model_config, loss_config, processes)
        expected_losses, whole = trained(model_config, loss_config, ONE_PROCESS)
        assert weights.shape[1] * processes.size == whole.shape[1]
        assert max(abs(np.subtract(losses, expected_losses))) < TOLERANCE, model_config
        difference = (weights - processes.own_columns(whole)).abs().max().item()
        assert difference < TOLERANCE, (model_config, loss_config, difference)
    processes.end()


if __name__ == "__main__":
    main()
