from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from builders import CPU
from numpy.typing import NDArray

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.triples import Triples, TripleSampler
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.trainer import Trainer

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]


def random_train() -> UserItems:
    """106 pairs of 30 users and 20 items."""
    users, items = np.nonzero(np.random.default_rng(0).random((30, 20)) < 0.2)
    return UserItems.from_pairs(users, items, num_users=30, num_items=20)


class Scripted(TripleSampler):
    """Gives the same batches every epoch."""

    def __init__(self, batches: list[Triples]) -> None:
        self.batches = batches
        self.num_pairs = sum(len(batch.users) for batch in batches)

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[Triples]:
        """Return the same batches for any arguments."""
        yield from self.batches[done:]


def lightgcn(
    train: UserItems, *, embedding_dim: int = 4, num_layers: int, device: torch.device = CPU
) -> LightGCN:
    config = LightGCNConfig(embedding_dim=embedding_dim, num_layers=num_layers)
    return LightGCN(config, train, generator=torch.Generator().manual_seed(0), device=device)


class AdamByHand:
    """Kingma and Ba, ICLR 2015, algorithm 1, with the L2 penalty in the gradient."""

    def __init__(self, learning_rate: float, weight_decay: float) -> None:
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self.steps = 0
        self.mean: float | NDArray[np.float64] = 0.0
        self.square: float | NDArray[np.float64] = 0.0

    def step(self, x: NDArray[np.float64], grad: NDArray[np.float64]) -> NDArray[np.float64]:
        grad = grad + self.weight_decay * x
        self.steps += 1
        self.mean = 0.9 * self.mean + 0.1 * grad
        self.square = 0.999 * self.square + 0.001 * grad**2
        mean = self.mean / (1 - 0.9**self.steps)
        square = self.square / (1 - 0.999**self.steps)
        stepped: NDArray[np.float64] = x - self.learning_rate * mean / (np.sqrt(square) + 1e-8)
        return stepped


@pytest.mark.parametrize(("l2", "weight_decay"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.5), (0.3, 0.5)])
def test_optimizer_steps_by_hand(l2: float, weight_decay: float) -> None:
    """Loss, gradient and two Adam steps from formulas alone, no autograd."""
    # User 0 has items 0, 1, 2 and user 1 has item 1: nodes 0-1 and 2-4.
    train = UserItems.from_pairs(
        np.array([0, 0, 0, 1]), np.array([0, 1, 2, 1]), num_users=2, num_items=3
    )
    norm_adj = np.zeros((5, 5))
    norm_adj[0, 2] = norm_adj[0, 4] = 1 / math.sqrt(3)
    norm_adj[0, 3] = 1 / math.sqrt(6)
    norm_adj[1, 3] = 1 / math.sqrt(2)
    mean_of_layers = (np.eye(5) + norm_adj + norm_adj.T) / 2

    model = lightgcn(train, num_layers=1)
    config = TrainerConfig(learning_rate=0.01, weight_decay=weight_decay)
    batch = Triples(torch.tensor([1, 0]), torch.tensor([1, 2]), torch.tensor([2, 1]))
    trainer = Trainer(
        config,
        model,
        build_bpr(BPRConfig(l2=l2)),
        Scripted([batch]),
        None,
        monitor=Monitor(),
    )
    x = model.layer0_embeddings.detach().double().numpy().copy()
    adam = AdamByHand(0.01, weight_decay)
    nodes = [(1, 3, 4), (0, 4, 3)]
    for _ in range(2):
        final = mean_of_layers @ x
        loss, final_grad, x_grad = 0.0, np.zeros_like(x), np.zeros_like(x)
        for user, pos, neg in nodes:
            margin = final[user] @ (final[pos] - final[neg])
            loss += math.log1p(math.exp(-margin)) / 2
            slope = -1 / (1 + math.exp(margin)) / 2
            final_grad[user] += slope * (final[pos] - final[neg])
            final_grad[pos] += slope * final[user]
            final_grad[neg] -= slope * final[user]
            for node in (user, pos, neg):
                loss += l2 * (x[node] @ x[node]) / 2 / 2
                x_grad[node] += l2 * x[node] / 2
        x_grad += mean_of_layers.T @ final_grad
        x = adam.step(x, x_grad)
        assert trainer.train_step(batch).item() == pytest.approx(loss, rel=1e-5)
        got = model.layer0_embeddings.detach().double().numpy()
        np.testing.assert_allclose(got, x, rtol=0, atol=2e-6)
    assert trainer.step == 2


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_first_step_moves_weights_by_the_learning_rate(weight_decay: float) -> None:
    # Only nodes 0, 30 and 31 have a gradient; the others have at most the penalty.
    model = lightgcn(random_train(), num_layers=0)
    batch = Triples(torch.tensor([0]), torch.tensor([0]), torch.tensor([1]))
    config = TrainerConfig(learning_rate=0.125, weight_decay=weight_decay)
    trainer = Trainer(
        config,
        model,
        build_bpr(BPRConfig()),
        Scripted([batch]),
        None,
        monitor=Monitor(),
    )
    before = model.layer0_embeddings.detach().clone()
    trainer.train_epoch()
    moved = (model.layer0_embeddings.detach() - before).abs()
    expected = torch.full_like(moved, 0.125 if weight_decay else 0.0)
    expected[[0, 30, 31]] = 0.125
    torch.testing.assert_close(moved, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("device", DEVICES)
def test_an_epoch_agrees_with_float64_on_the_cpu(device: str) -> None:
    train = random_train()
    sampler = build_uniform(
        UniformConfig(), train, generator=torch.Generator().manual_seed(4), device=CPU
    )
    batches = list(sampler.epoch(20, 64))
    config = TrainerConfig(learning_rate=0.01, weight_decay=1e-3)
    loss = build_bpr(BPRConfig(l2=1e-3))

    exact = lightgcn(train, embedding_dim=8, num_layers=0).double()
    single = lightgcn(train, embedding_dim=8, num_layers=0, device=torch.device(device))
    moved = [Triples(*(column.to(device) for column in batch)) for batch in batches]
    trainers = [
        Trainer(config, model, loss, Scripted(script), None, monitor=Monitor())
        for model, script in ((exact, batches), (single, moved))
    ]
    exact_loss, got_loss = (trainer.train_epoch()[0] for trainer in trainers)
    assert got_loss == pytest.approx(exact_loss, rel=1e-4)
    got = single.layer0_embeddings.detach().cpu().double()
    torch.testing.assert_close(got, exact.layer0_embeddings.detach(), rtol=0, atol=1e-3)


@pytest.mark.gpu
def test_an_epoch_through_the_graph_agrees_on_cpu_and_cuda() -> None:
    train = random_train()
    sampler = build_uniform(
        UniformConfig(), train, generator=torch.Generator().manual_seed(4), device=CPU
    )
    batches = list(sampler.epoch(20, 64))
    tables, losses = [], []
    for device in (CPU, torch.device("cuda")):
        model = lightgcn(train, embedding_dim=8, num_layers=3, device=device)
        script = [Triples(*(column.to(device) for column in batch)) for batch in batches]
        trainer = Trainer(
            TrainerConfig(learning_rate=0.01),
            model,
            build_bpr(BPRConfig()),
            Scripted(script),
            None,
            monitor=Monitor(),
        )
        losses.append(trainer.train_epoch()[0])
        tables.append(model.layer0_embeddings.detach().cpu())
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    torch.testing.assert_close(tables[1], tables[0], rtol=0, atol=1e-3)
