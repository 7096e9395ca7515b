"""Propagation against the plain reference's, and a training step against its bare products."""

from __future__ import annotations

import torch
from full_size import synthetic_split
from measure import Row, Settings, alternate, at_least, at_most, ratios, spread
from reference import coo_adjacency, coo_propagate
from torch import Tensor

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.sampler import HardNegativeConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import normalized_adjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.hardneg import build_hardneg
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.trainer import Trainer

NUM_LAYERS = 3
DIM = 64
BATCH_SIZE = 4096
CPU = torch.device("cpu")


def propagation_rows(settings: Settings) -> list[Row]:
    """Forward and backward of three layers of 64 columns.

    Raises:
        RuntimeError: the two ways disagree, so their times cannot be compared.
    """
    train = synthetic_split(settings.quick).train
    norm_adj = normalized_adjacency(train, CPU)
    users, items = (
        torch.from_numpy(index).long() for index in (train.user_index(), train.item_index)
    )
    coo = coo_adjacency(users, items, train.num_users, train.num_items)
    generator = torch.Generator().manual_seed(1)
    layer0 = torch.randn(len(coo), DIM, generator=generator, requires_grad=True)
    grad = torch.randn(layer0.shape, generator=generator)

    def ours() -> tuple[Tensor, Tensor]:
        final = propagate(norm_adj, layer0, NUM_LAYERS)
        return final.detach(), torch.autograd.grad(final, layer0, grad)[0]

    def reference() -> tuple[Tensor, Tensor]:
        final = coo_propagate(coo, layer0, NUM_LAYERS)
        return final.detach(), torch.autograd.grad(final, layer0, grad)[0]

    for mine, theirs in zip(ours(), reference(), strict=True):
        if not torch.allclose(mine, theirs, rtol=1e-4, atol=1e-5):
            raise RuntimeError("propagate() and COO with autograd give different values")
    mine_s, theirs_s = alternate(settings.repeats, ours, reference)
    speedup = ratios(theirs_s, mine_s)
    return [
        Row(
            f"propagation forward+backward, {NUM_LAYERS} layers of {DIM}, against COO",
            spread(mine_s, ".3f", " s"),
            spread(theirs_s, ".3f", " s"),
            spread(speedup, ".2f", "x"),
            ">= 5x as fast",
            at_least(speedup, 5),
        )
    ]


def training_step_rows(settings: Settings) -> list[Row]:
    """Sampling, forward, backward and fused Adam, against the sparse products alone."""
    train = synthetic_split(settings.quick).train
    trainer = step_trainer(train, settings.quick)
    batches = trainer.sampler.epoch(2 * (1 + settings.repeats), BATCH_SIZE)
    norm_adj = normalized_adjacency(train, CPU)
    generator = torch.Generator().manual_seed(1)
    users, items = (
        torch.randn(count, DIM, generator=generator) for count in norm_adj.user_item.shape
    )

    def step() -> None:
        trainer.train_step(next(batches))

    def bare_products() -> None:
        for _ in range(2 * NUM_LAYERS):
            multiply(norm_adj.user_item, items)
            multiply(norm_adj.item_user, users)

    step_s, products_s = alternate(settings.repeats, step, bare_products)
    share = ratios(step_s, products_s)
    return [
        Row(
            f"training step, batch {BATCH_SIZE}, against {2 * NUM_LAYERS} bare sparse products",
            spread(step_s, ".3f", " s"),
            spread(products_s, ".3f", " s"),
            spread(share, ".2f", "x"),
            "<= 1.35x the time",
            at_most(share, 1.35),
        )
    ]


def step_trainer(
    train: UserItems,
    quick: bool,
    device: torch.device = CPU,
    *,
    batch_size: int = BATCH_SIZE,
    l2: float = 0.0,
    repeats_steps: bool = False,
) -> Trainer:
    """The GoodBooks notebook's model, sampler and optimizer around ``train``."""
    generator = torch.Generator().manual_seed(2)
    draws = torch.Generator(device).manual_seed(2) if device != CPU else generator
    config = TrainerConfig(
        epochs=1,
        batch_size=batch_size,
        min_steps_per_epoch=None,
        learning_rate=2e-3,
        weight_decay=1e-6,
    )
    negatives = HardNegativeConfig(popular_pool=None if quick else 2000)
    return Trainer(
        config,
        LightGCN(
            LightGCNConfig(num_layers=NUM_LAYERS, embedding_dim=DIM),
            train,
            generator=generator,
            device=device,
        ),
        build_bpr(BPRConfig(l2=l2)),
        build_hardneg(negatives, train, generator=draws, device=device),
        None,
        monitor=Monitor(),
        repeats_steps=repeats_steps,
    )
