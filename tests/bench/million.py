"""A million users and 100,000 items: prepared, sampled and evaluated, with seconds and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from full_size import Size
from measure import Row, Settings
from sampling import whole_pass
from scaled_data import Products, raw_table, split_table

from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.graph.adjacency import normalized_adjacency
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.system.resident_memory import peak_memory

MILLION = Size(1_000_000, 100_000, 20_000_000)
QUICK = Size(1_000, 300, 20_000)
BATCH_SIZE = 4096
EVALUATED = 10_000
CPU = torch.device("cpu")

Result = TypeVar("Result")


def million_rows(settings: Settings) -> list[Row]:
    """Every stage once, in the order of a run; the peak is the process's, from its start on."""
    size = QUICK if settings.quick else MILLION
    rows: list[Row] = []

    def measured(stage: str, work: Callable[[], Result]) -> Result:
        started = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - started
        ours = f"{seconds:.1f} s, peak {peak_memory() / 1e9:.1f} GB"
        rows.append(Row(f"{size.num_users:,} users: {stage}", ours, "-", "-", "-", "-"))
        return result

    table = measured(f"making {size.num_pairs:,} rows up", lambda: raw_table(size))
    split = measured("preprocessing and split", partial(split_table, table))
    del table
    measured("normalized adjacency", lambda: normalized_adjacency(split.train, CPU))
    sampler = measured(
        "sampler's index",
        lambda: build_uniform(
            UniformConfig(by=PositivesBy.interaction),
            split.train,
            generator=torch.Generator().manual_seed(3),
            device=CPU,
        ),
    )
    measured("sampling a whole pass", partial(whole_pass, sampler))
    del sampler
    num_users, num_items = split.test.num_users, split.test.num_items
    scorer = Products(num_users, num_items)
    evaluated = min(EVALUATED, num_users)
    chosen = np.random.default_rng(6).choice(num_users, evaluated, replace=False)
    measured(
        f"ranks of {evaluated:,} of the users among {num_items:,} items",
        lambda: rank_held_out(
            scorer,
            HeldOutPairs(
                held_out=split.test,
                train=split.train,
                masked=[] if split.valid is None else [split.valid],
                users=chosen,
            ),
            RankingRules(tie_seed=4),
        ),
    )
    return rows
