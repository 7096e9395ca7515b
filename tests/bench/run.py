"""Speed and memory of graphrec at the size of GoodBooks-10k: ``python tests/bench/run.py``.

Ratios compare two ways measured in turns within one run; medians stand before (lowest-highest).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from full_size import GOODBOOKS, QUICK
from gowalla_ranking import gowalla_ranking_rows
from hundred_million import hundred_million_rows
from measure import Row, Settings, markdown_table, plain_table
from million import million_rows
from preparation import memory_rows, preparation_rows
from propagation import propagation_rows, training_step_rows
from ranking import ranking_rows
from sampling import sampling_rows

from graphrec_cli import __version__

CASES: dict[str, Callable[[Settings], list[Row]]] = {
    "propagation": propagation_rows,
    "training_step": training_step_rows,
    "samplers": sampling_rows,
    "ranking": ranking_rows,
    "ranking_gowalla": gowalla_ranking_rows,
    "preparation": preparation_rows,
    "memory": memory_rows,
    "million": million_rows,
    "hundred_million": hundred_million_rows,
}
ON_REQUEST = {"million", "hundred_million"}
"""Cases of minutes and gigabytes, which run only where --case names them."""
ROOT = Path(__file__).resolve().parents[2]


def main(argv: list[str] | None = None) -> int:
    """Measure, print the table and, if asked, write it; exit code 0 means only that it ran."""
    arguments = parse(argv)
    torch.set_num_threads(arguments.threads)
    settings = Settings(
        repeats=arguments.repeats,
        quick=arguments.quick,
        threads=arguments.threads,
        data_dir=arguments.data_dir.resolve(),
    )
    about = describe(settings)
    print(about, end="\n\n", flush=True)
    rows: list[Row] = []
    for name in arguments.case or [name for name in CASES if name not in ON_REQUEST]:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += CASES[name](settings)
    if settings.quick:
        rows = [replace(row, reached="-") for row in rows]
    print(plain_table(rows))
    if arguments.output is not None:
        arguments.output.write_text(f"{about}\n\n{markdown_table(rows)}\n", encoding="utf-8")
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--case", action="append", choices=list(CASES), help="this case only; may be repeated")
    add("--repeats", type=positive, default=5, help="measurements of each way (default 5)")
    add("--threads", type=positive, default=2, help="torch's threads (default 2)")
    add("--quick", action="store_true", help="tiny sizes: shows that all runs, measures nothing")
    add(
        "--data-dir",
        type=Path,
        default=data_folder(),
        help="folder of goodbooks-10k and gowalla (default: $GRAPHREC_DATA, else ../shared/data)",
    )
    add("--output", type=Path, help="also write the table to this file, in Markdown")
    return parser.parse_args(argv)


def data_folder() -> Path:
    """The folder of the published data sets, unless the command line names another."""
    return Path(os.environ.get("GRAPHREC_DATA") or ROOT.parent / "shared" / "data")


def positive(text: str) -> int:
    """A whole number above zero."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{number} is not above zero")
    return number


def describe(settings: Settings) -> str:
    """The machine, the versions and the sizes behind the figures."""
    size = QUICK if settings.quick else GOODBOOKS
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    lines = [
        f"graphrec {__version__}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"numpy {np.__version__}, pandas {pd.__version__}, {platform.machine()}",
        f"{torch.get_num_threads()} torch threads; {os.cpu_count()} cores, {usable} of them usable",
        f"synthetic interactions: {size.num_users:,} users, {size.num_items:,} items, "
        f"{size.num_pairs:,} distinct pairs, {size.num_pairs - 2 * size.num_users:,} of them train",
        f"median of {settings.repeats} (lowest-highest)",
    ]
    if settings.quick:
        lines.append("--quick: these sizes are too small for the figures to mean anything")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
