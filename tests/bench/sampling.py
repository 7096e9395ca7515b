"""Triples a second of every sampler."""

from __future__ import annotations

from functools import partial

import torch
from full_size import synthetic_split
from measure import Row, Settings, alternate, at_least, spread

from graphrec_cli.config.sampler import HardNegativeConfig, PositivesBy, UniformConfig
from graphrec_cli.samplers.hardneg import build_hardneg
from graphrec_cli.samplers.triples import TripleSampler
from graphrec_cli.samplers.uniform import build_uniform

BATCH_SIZE = 4096
TARGET = 1e6


def sampling_rows(settings: Settings) -> list[Row]:
    """A whole pass of each, so that the shuffle before ``by=interaction`` is in its time."""
    train = synthetic_split(settings.quick).train
    device, generator = torch.device("cpu"), torch.Generator().manual_seed(3)
    pool = None if settings.quick else 2000
    samplers: dict[str, TripleSampler] = {}
    for by in (PositivesBy.user, PositivesBy.interaction):
        samplers[f"uniform by {by.name}"] = build_uniform(
            UniformConfig(by=by), train, generator=generator, device=device
        )
        samplers[f"hardneg by {by.name}"] = build_hardneg(
            HardNegativeConfig(by=by, popular_pool=pool), train, generator=generator, device=device
        )
    rows = []
    for name, sampler in samplers.items():
        (seconds,) = alternate(settings.repeats, partial(whole_pass, sampler))
        rates = [sampler.num_pairs / taken / 1e6 for taken in seconds]
        rows.append(
            Row(
                f"sampler {name}, batch {BATCH_SIZE}",
                spread(rates, ".2f", " M triples/s"),
                "-",
                "-",
                ">= 1 M triples/s",
                at_least(rates, TARGET / 1e6),
            )
        )
    return rows


def whole_pass(sampler: TripleSampler) -> None:
    """Draw as many triples as there are train pairs."""
    for _ in sampler.epoch(None, BATCH_SIZE):
        pass
