"""graphrec's steps and ranking on a CUDA device: ``python tests/bench/gpu.py``.

Steps are those of ``graphrec train``, replayed as a CUDA graph, next to the same steps taken one
kernel at a time, the plain reference's and PyTorch Geometric's. It also reports whether an epoch
waits for the device anywhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import reference
import torch
from full_size import QUICK, Size, long_tailed_pairs, synthetic_split
from measure import Row, alternate, at_least, at_most, plain_table, ratios, spread
from propagation import DIM, NUM_LAYERS, step_trainer
from pyg_step import pyg_steps
from run import positive

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.models.base import Model
from graphrec_cli.samplers.triples import Triples
from graphrec_cli.training.trainer import Trainer

STEPS = 20
"""Steps of one measurement: a single one is over before a clock can tell."""
L2 = 1e-4


@dataclass(frozen=True, slots=True)
class Case:
    """A size of data, the batch of its step, and the targets of the step and of the ranks."""

    name: str
    train: UserItems
    held_out: UserItems
    batch_size: int
    step_ms: float | None
    ranks_s: float


def cases(quick: bool) -> list[Case]:
    """The sizes of GoodBooks-10k and of Gowalla, whose test part has 217,242 pairs."""
    goodbooks = synthetic_split(quick)
    size = QUICK if quick else Size(29_858, 40_981, 810_128 + 217_242)
    users, items = long_tailed_pairs(size, np.random.default_rng(3))
    is_train = np.random.default_rng(4).permutation(len(users)) < 0.79 * len(users)
    train, held_out = (
        UserItems.from_pairs(
            users[chosen], items[chosen], num_users=size.num_users, num_items=size.num_items
        )
        for chosen in (is_train, ~is_train)
    )
    return [
        Case("GoodBooks", goodbooks.train, goodbooks.test, 4096, None, 0.05),
        Case("Gowalla", train, held_out, 2048, 1.2, 0.05),
    ]


def main(argv: list[str] | None = None) -> int:
    """Measure and print; exit code 0 means only that it ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=positive, default=5, help="measurements (default 5)")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: measures nothing")
    arguments = parser.parse_args(argv)
    if not torch.cuda.is_available():
        print("make bench-gpu needs a CUDA device, and torch sees none", file=sys.stderr)
        return 1
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}\n")
    rows, notes = [], []
    for case in cases(arguments.quick):
        torch.cuda.reset_peak_memory_stats()
        trainer = trainer_of(case, arguments.quick, repeats_steps=True)
        rows += step_rows(arguments.repeats, case, trainer, arguments.quick)
        notes.append(f"{case.name}, host synchronisation in an epoch: {synchronisation(trainer)}")
        rows.append(ranking_row(arguments.repeats, case, trainer.model))
        free, total = torch.cuda.mem_get_info()
        notes.append(
            f"{case.name}, memory: {torch.cuda.max_memory_allocated() / 1e9:.2f} GB in tensors "
            f"at most, {(total - free) / 1e9:.2f} GB of the device in use at the end"
        )
    print(plain_table(rows))
    print("", *notes, sep="\n")
    return 0


def trainer_of(case: Case, quick: bool, *, repeats_steps: bool) -> Trainer:
    """A trainer of the case on the device."""
    return step_trainer(
        case.train,
        quick,
        torch.device("cuda"),
        batch_size=case.batch_size,
        l2=L2,
        repeats_steps=repeats_steps,
    )


def step_rows(repeats: int, case: Case, trainer: Trainer, quick: bool) -> list[Row]:
    """Milliseconds per step: sampling included, without it, one kernel at a time, and others'."""
    batch = next(trainer.sampler.epoch(1, case.batch_size))
    plain = trainer_of(case, quick, repeats_steps=False)
    batches = trainer.sampler.epoch(10**6, case.batch_size)
    ways: dict[str, Callable[[], object]] = {
        "replayed, with its sampling": lambda: trainer.train_step(next(batches)),
        "replayed, batch given": partial(trainer.train_step, batch),
        "one kernel at a time, batch given": partial(plain.train_step, batch),
        "plain reference, batch given": reference_step(case, batch),
        **{
            f"PyTorch Geometric, {form}, batch given": step
            for form, step in pyg_steps(case.train, batch).items()
        },
    }
    ours_s, *others_s = alternate(repeats, *(partial(run, step) for step in ways.values()))
    ours_ms = [1e3 * seconds / STEPS for seconds in ours_s]
    name = f"step, {case.name}, {case.train.num_pairs:,} pairs, batch {case.batch_size}"
    rows = [
        Row(
            f"{name}: {next(iter(ways))}",
            spread(ours_ms, ".3f", " ms"),
            "-",
            "-",
            "-" if case.step_ms is None else f"<= {case.step_ms} ms",
            "-" if case.step_ms is None else at_most(ours_ms, case.step_ms),
        )
    ]
    for way, seconds in zip(list(ways)[1:], others_s, strict=True):
        times = ratios(seconds, ours_s)
        target = 5 if way.startswith("plain") else None
        rows.append(
            Row(
                f"{name}: {way}",
                "-",
                spread([1e3 * taken / STEPS for taken in seconds], ".3f", " ms"),
                spread(times, ".2f", "x"),
                "-" if target is None else f">= {target}x as fast",
                "-" if target is None else at_least(times, target),
            )
        )
    return rows


def reference_step(case: Case, batch: Triples) -> Callable[[], object]:
    """The plain reference's step on the same pairs and batch."""
    train, device = case.train, batch.users.device
    users, items = (
        torch.from_numpy(index).long() for index in (train.user_index(), train.item_index)
    )
    adjacency = reference.coo_adjacency(users, items, train.num_users, train.num_items)
    model = reference.PlainLightGCN(
        adjacency.to(device), train.num_users, dim=DIM, num_layers=NUM_LAYERS
    ).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return partial(reference.train_step, model, optimizer, *batch, l2=L2)


def run(step: Callable[[], object]) -> None:
    """Take the steps of one measurement and wait until the device is done."""
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()


def ranking_row(repeats: int, case: Case, model: Model) -> Row:
    """Seconds for the ranks of all test users."""
    model.prepare_scoring()

    def rank() -> None:
        rank_held_out(
            model,
            HeldOutPairs(held_out=case.held_out, train=case.train),
            RankingRules(tie_seed=1, device=torch.device("cuda")),
        )

    (seconds,) = alternate(repeats, rank)
    return Row(
        f"ranks of all test users, {case.name}, {case.held_out.num_pairs:,} pairs",
        spread(seconds, ".3f", " s"),
        "-",
        "-",
        f"<= {case.ranks_s} s",
        at_most(seconds, case.ranks_s),
    )


def synchronisation(trainer: Trainer) -> str:
    """Whether torch saw the host wait for the device in the steps of an epoch, drawing included."""
    batches = trainer.sampler.epoch(2 * STEPS, trainer.batch_size)
    trainer.train_step(next(batches))
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in batches:
            trainer.train_step(batch)
    except RuntimeError as error:
        return f"yes: {str(error).splitlines()[0]}"
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "none"


if __name__ == "__main__":
    sys.exit(main())
