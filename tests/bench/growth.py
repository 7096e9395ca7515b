"""Cost of 1, 4 and 16 times the data: ``python tests/bench/growth.py --plot FILE --output FILE``.

Users, items and interactions grow together, so every user keeps its mean number of items.
Evaluation ranks the same number of users at every size: each costs as much as there are items.
An epoch takes the same number of steps at every size, in batches that grow with the data.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np
import torch
from full_size import Size
from matplotlib.figure import Figure
from measure import alternate
from scaled_data import DIM, Products, raw_table, split_table

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.sampler import PositivesBy, UniformConfig
from graphrec_cli.config.trainer import TrainerConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.graph.adjacency import normalized_adjacency
from graphrec_cli.losses.bpr import build_bpr
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.samplers.uniform import build_uniform
from graphrec_cli.system.malloc import keep_freed_memory
from graphrec_cli.training.best_epoch import Monitor
from graphrec_cli.training.trainer import Trainer

BASE = Size(10_000, 4_000, 400_000)
QUICK = Size(200, 100, 4_000)
FACTORS = (1, 4, 16)
BATCH_SIZE = 4096
STEPS = 10
EVALUATED = 2_000
CPU = torch.device("cpu")


Seconds = dict[str, list[float]]
"""Median seconds of every stage, at every size."""


def measure(size: Size, repeats: int, evaluated: int, dim: int) -> dict[str, float]:
    """Median seconds of every stage at one size."""
    table = raw_table(size)
    split = split_table(table)
    trainer = make_trainer(split.train, dim)
    sampler = trainer.sampler
    draws, batches = (sampler.epoch(1 + repeats, BATCH_SIZE) for _ in range(2))
    scorer = Products(split.test.num_users, split.test.num_items)
    users = np.random.default_rng(6).choice(split.test.num_users, evaluated, replace=False)

    def train_epoch() -> None:
        for batch in sampler.epoch(STEPS, -(-split.train.num_pairs // STEPS)):
            trainer.train_step(batch)

    stages: dict[str, Callable[[], object]] = {
        "preparation": lambda: normalized_adjacency(split_table(table).train, CPU),
        "sampling a pass": lambda: deque(sampler.epoch(None, BATCH_SIZE), maxlen=0),
        f"sampling a batch of {BATCH_SIZE:,}": lambda: next(draws),
        f"training step of {BATCH_SIZE:,}": lambda: trainer.train_step(next(batches)),
        f"training epoch of {STEPS} steps": train_epoch,
        f"evaluation of {evaluated:,} users": lambda: rank_held_out(
            scorer,
            HeldOutPairs(held_out=split.test, train=split.train, users=users),
            RankingRules(tie_seed=4),
        ),
    }
    return {name: statistics.median(alternate(repeats, stage)[0]) for name, stage in stages.items()}


def make_trainer(train: UserItems, dim: int) -> Trainer:
    """LightGCN of three layers and ``dim`` columns with uniform negatives."""
    generator = torch.Generator().manual_seed(2)
    return Trainer(
        TrainerConfig(epochs=1, batch_size=BATCH_SIZE, min_steps_per_epoch=None),
        LightGCN(
            LightGCNConfig(num_layers=3, embedding_dim=dim), train, generator=generator, device=CPU
        ),
        build_bpr(BPRConfig()),
        build_uniform(
            UniformConfig(by=PositivesBy.interaction), train, generator=generator, device=CPU
        ),
        None,
        monitor=Monitor(),
    )


def exponent(pairs: Sequence[int], seconds: Sequence[float]) -> float:
    """The power of the data that the time grows with, fitted to the logarithms of both."""
    return float(np.polyfit(np.log(pairs), np.log(seconds), 1)[0])


def markdown(sizes: Sequence[Size], seconds: Seconds) -> str:
    """One row per stage."""
    pairs = [size.num_pairs for size in sizes]
    heads = ["seconds", *(f"{number:,} interactions" for number in pairs), "exponent"]
    lines = [heads, ["---"] * len(heads)]
    for name, taken in seconds.items():
        times = [f"{time:.4g}" for time in taken]
        lines.append([name, *times, f"{exponent(pairs, taken):.2f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def draw(path: Path, sizes: Sequence[Size], seconds: Seconds) -> None:
    """Both axes logarithmic, so that linear growth is a line as steep as the grey ones."""
    pairs = np.array([size.num_pairs for size in sizes])
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    axes = figure.subplots()
    for (name, taken), marker in zip(seconds.items(), "osD^vP", strict=True):
        axes.loglog(pairs, taken[0] * pairs / pairs[0], color="0.8", linewidth=1, zorder=1)
        label = f"{name} (exponent {exponent(list(pairs), taken):.2f})"
        axes.loglog(pairs, taken, marker=marker, label=label)
    axes.set_xticks(pairs, [f"{number:,}" for number in pairs])
    axes.minorticks_off()
    axes.set_xlabel("interactions (users and items grow with them)")
    axes.set_ylabel("seconds")
    axes.set_title("What more data cost; grey: exactly in proportion")
    figure.legend(loc="outside right upper", fontsize="small")
    figure.savefig(path, dpi=80)


def main(argv: list[str] | None = None) -> int:
    """Measure every size, print the table and write the requested files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path, help="write the picture to this PNG file")
    parser.add_argument("--output", type=Path, help="write the table to this Markdown file")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each (default 3)")
    parser.add_argument("--threads", type=int, default=2, help="torch's threads (default 2)")
    parser.add_argument(
        "--factors", type=int, nargs="+", default=FACTORS, help="times the data (default 1 4 16)"
    )
    parser.add_argument("--dim", type=int, default=DIM, help=f"columns of a table (default {DIM})")
    parser.add_argument("--quick", action="store_true", help="tiny sizes that mean nothing")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    base = QUICK if arguments.quick else BASE
    sizes = [Size(*(factor * number for number in astuple(base))) for factor in arguments.factors]
    measured = []
    for size in sizes:
        print(f"{size.num_pairs:,} interactions ...", file=sys.stderr, flush=True)
        evaluated = min(EVALUATED, base.num_users)
        measured.append(measure(size, arguments.repeats, evaluated, arguments.dim))
    seconds = {name: [at_size[name] for at_size in measured] for name in measured[0]}
    text = markdown(sizes, seconds)
    print(text)
    if arguments.output is not None:
        arguments.output.write_text(f"{text}\n", encoding="utf-8")
    if arguments.plot is not None:
        draw(arguments.plot, sizes, seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
