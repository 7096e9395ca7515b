"""Settings that cannot act are named, and no others."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from builders import CPU

from graphrec_cli.config.closed_form import ChebyCFConfig, ItemKNNConfig
from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.splits.split import Split
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.planning.dead_settings import dead_settings
from graphrec_cli.planning.sizes import run_sizes
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.trainer import Trainer

LIGHTGCN = RunConfig(model=LightGCNConfig(), loss=BPRConfig(), sampler=UniformConfig())


def keys_of(config: RunConfig, split: Split) -> list[str]:
    """The keys at the beginnings of the lines."""
    lines = dead_settings(config, run_sizes(config, split), split)
    return [line.partition("=")[0] for line in lines]


def epochs_run(trainer: TrainerConfig, split: Split) -> int:
    """Epochs of a real training whose first validation is the best."""
    generator = torch.Generator().manual_seed(0)
    model = LightGCN(LightGCNConfig(), split.train, generator=generator, device=CPU)
    sampler = build_uniform(UniformConfig(), split.train, generator=generator, device=CPU)
    falling = itertools.count(0, -1)
    fitted = Trainer(
        trainer,
        model,
        build_bpr(BPRConfig()),
        sampler,
        lambda: {"ndcg@10": float(next(falling))},
        monitor=Monitor(),
    ).fit()
    return len(list(fitted))


def test_patience_is_named_exactly_where_no_training_stops_early(small_split: Split) -> None:
    seen = set()
    for epochs, every, patience in itertools.product(range(1, 6), (1, 2, 3), (1, 2, 4)):
        trainer = TrainerConfig(
            epochs=epochs, validate_every=every, patience=patience, steps_per_epoch=1, batch_size=2
        )
        named = "trainer.patience" in keys_of(replace(LIGHTGCN, trainer=trainer), small_split)
        assert named is (epochs_run(trainer, small_split) == epochs), (epochs, every, patience)
        seen.add(named)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("trainer", "expected"),
    [
        (TrainerConfig(), []),
        (TrainerConfig(valid_users=2), ["trainer.valid_users"]),
        (TrainerConfig(valid_users=1), []),
        (TrainerConfig(epochs=3, validate_every=4), ["trainer.validate_every"]),
        (TrainerConfig(epochs=3, validate_every=3), []),
        (TrainerConfig(batch_size=9, min_steps_per_epoch=None), ["trainer.batch_size"]),
        (TrainerConfig(batch_size=7, min_steps_per_epoch=None), []),
        (TrainerConfig(batch_size=9, min_steps_per_epoch=2), ["trainer.batch_size"]),
        (TrainerConfig(batch_size=3, min_steps_per_epoch=3), ["trainer.min_steps_per_epoch"]),
        (TrainerConfig(batch_size=None, min_steps_per_epoch=3), ["trainer.min_steps_per_epoch"]),
        (TrainerConfig(epochs=2, steps_per_epoch=5, warmup_steps=11), ["trainer.warmup_steps"]),
        (TrainerConfig(epochs=2, steps_per_epoch=5, warmup_steps=10), []),
        (TrainerConfig(epochs=3, checkpoint_every=4), ["trainer.checkpoint_every"]),
        (TrainerConfig(epochs=3, checkpoint_every=3), []),
    ],
)
def test_of_the_trainer(trainer: TrainerConfig, expected: list[str], small_split: Split) -> None:
    assert keys_of(replace(LIGHTGCN, trainer=trainer), small_split) == expected


@pytest.mark.parametrize(("chunk", "named"), [(2, False), (3, True)])
def test_a_chunk_larger_than_all_users(chunk: int, named: bool, small_split: Split) -> None:
    config = replace(LIGHTGCN, evaluation=RankingConfig(chunk_users=chunk))
    assert ("evaluation.chunk_users" in keys_of(config, small_split)) is named


def test_closed_forms_that_ask_for_more_than_there_is(small_split: Split) -> None:
    for neighbors, named in ((5, False), (6, True)):
        config = RunConfig(model=ItemKNNConfig(neighbors=neighbors))
        assert ("model.neighbors" in keys_of(config, small_split)) is named
    for vectors, named in ((4, False), (5, True)):
        config = RunConfig(model=ChebyCFConfig(singular_vectors=vectors))
        assert ("model.singular_vectors" in keys_of(config, small_split)) is named


def test_values_that_the_components_do_not_use_come_first(small_split: Split) -> None:
    config = replace(LIGHTGCN, model=LightGCNConfig(init_std=0.5))
    (line,) = dead_settings(config, run_sizes(config, small_split), small_split)
    assert line.endswith("not used: model.init_std=0.5")
