"""graphrec's step and ranking on a CUDA device: ``python tests/bench/gpu.py``.

It also reports whether a step waits for the device anywhere, and the time of a step that is
captured as a CUDA graph and replayed.
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
from measure import Row, alternate, at_least, plain_table, ratios, spread
from propagation import DIM, NUM_LAYERS, step_trainer
from run import positive

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.exact_ranks.ranks import HeldOutPairs, RankingRules, rank_held_out
from graphrec_cli.samplers.triples import Triples

STEPS = 20
"""Steps of one measurement: a single one is over before a clock can tell."""


@dataclass(frozen=True, slots=True)
class Case:
    """A size of data and the batch of its step."""

    name: str
    train: UserItems
    batch_size: int


def cases(quick: bool) -> list[Case]:
    """The sizes of GoodBooks-10k and of the train part of Gowalla."""
    gowalla = Size(29_858, 40_981, 810_128)
    size = QUICK if quick else gowalla
    users, items = long_tailed_pairs(size, np.random.default_rng(3))
    train = UserItems.from_pairs(users, items, num_users=size.num_users, num_items=size.num_items)
    return [
        Case("GoodBooks", synthetic_split(quick).train, 4096),
        Case("Gowalla", train, 2048),
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
    device = torch.device("cuda")
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name()}\n")
    rows, waits = [], []
    for case in cases(arguments.quick):
        trainer = step_trainer(case.train, arguments.quick, device)
        batch = next(trainer.sampler.epoch(1, case.batch_size))
        step = partial(trainer.train_step, batch)
        name = f"{case.name}, {case.train.num_pairs:,} pairs, batch {case.batch_size}"
        rows.append(step_row(arguments.repeats, name, step, reference_step(case, batch, device)))
        waits.append(f"{case.name}, host synchronisation in a step: {synchronisation(step)}")
        rows.append(replay_row(arguments.repeats, name, step))
    rows.append(ranking_row(arguments.repeats, arguments.quick, device))
    print(plain_table(rows))
    print("", *waits, sep="\n")
    print(f"peak memory of the device: {torch.cuda.max_memory_allocated() / 1e9:.2f} GB")
    return 0


def reference_step(case: Case, batch: Triples, device: torch.device) -> Callable[[], object]:
    """The plain reference's step on the same pairs and batch."""
    train = case.train
    users, items = (
        torch.from_numpy(index).long() for index in (train.user_index(), train.item_index)
    )
    adjacency = reference.coo_adjacency(users, items, train.num_users, train.num_items)
    model = reference.PlainLightGCN(
        adjacency.to(device), train.num_users, dim=DIM, num_layers=NUM_LAYERS
    ).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return partial(reference.train_step, model, optimizer, *batch, l2=0.0)


def step_row(
    repeats: int, name: str, step: Callable[[], object], plain_step: Callable[[], object]
) -> Row:
    """Seconds per step, and the reference's."""
    ours_s, theirs_s = (
        [seconds / STEPS for seconds in taken]
        for taken in alternate(repeats, partial(run, step), partial(run, plain_step))
    )
    speedup = ratios(theirs_s, ours_s)
    return Row(
        f"training step, {name}",
        spread([1e3 * seconds for seconds in ours_s], ".2f", " ms"),
        spread([1e3 * seconds for seconds in theirs_s], ".2f", " ms"),
        spread(speedup, ".2f", "x"),
        ">= 5x as fast",
        at_least(speedup, 5),
    )


def run(step: Callable[[], object]) -> None:
    """Take the steps of one measurement and wait until the device is done."""
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()


def replay_row(repeats: int, name: str, step: Callable[[], object]) -> Row:
    """Seconds per step as a CUDA graph, or why it cannot be captured."""
    case = f"the same as a CUDA graph, {name}"
    graph = captured(step)
    if isinstance(graph, str):
        return Row(case, graph, "-", "-", "-", "-")
    (seconds,) = alternate(repeats, partial(run, graph.replay))
    per_step_ms = [1e3 * taken / STEPS for taken in seconds]
    return Row(case, spread(per_step_ms, ".2f", " ms"), "-", "-", "-", "-")


def ranking_row(repeats: int, quick: bool, device: torch.device) -> Row:
    """Seconds for the ranks of all test users of GoodBooks' size."""
    split = synthetic_split(quick)
    trainer = step_trainer(split.train, quick, device)
    trainer.model.prepare_scoring()

    def rank() -> None:
        rank_held_out(
            trainer.model,
            HeldOutPairs(held_out=split.test, train=split.train),
            RankingRules(tie_seed=1, device=device),
        )

    (seconds,) = alternate(repeats, rank)
    return Row("ranks of all test users", spread(seconds, ".2f", " s"), "-", "-", "-", "-")


def synchronisation(step: Callable[[], object]) -> str:
    """Whether torch saw the host wait for the device within a step."""
    step()
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    except RuntimeError as error:
        return f"yes: {str(error).splitlines()[0]}"
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return "none"


def captured(step: Callable[[], object]) -> torch.cuda.CUDAGraph | str:
    """A captured step that was replayed once, or why there is none."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    # What is captured must have run before, on a stream that is not the default one.
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            step()
        graph.replay()
        torch.cuda.synchronize()
    except RuntimeError as error:
        return f"no: {str(error).splitlines()[0]}"
    return graph


if __name__ == "__main__":
    sys.exit(main())
