"""Try to break graphrec with seeded random cases: ``python tests/soak/soak.py --minutes 20``.

The exit code is 1 if any case failed; each failure is printed with the command that repeats it.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1] / "support"))

from caches import caches
from campaign import Campaign, Tally, carry_out
from conditions import conditions
from damages import damages
from full_disks import full_disks
from kills import kills
from launched_kills import launched_kills
from overrides import overrides
from published import published
from report import replace_table, table
from sweep_kills import sweep_kills
from tables import tables

from graphrec_cli import __version__

CAMPAIGNS: dict[str, Campaign] = {
    "overrides": overrides,
    "csv": tables,
    "conditions": conditions,
    "published": published,
    "kills": kills,
    "sweep_kills": sweep_kills,
    "launched_kills": launched_kills,
    "full_disks": full_disks,
    "damages": damages,
    "caches": caches,
}


def main(argv: list[str] | None = None) -> int:
    """Run the campaigns one after another, each for an equal share of the time."""
    arguments = parse(argv)
    torch.set_num_threads(1)
    names = arguments.only or list(CAMPAIGNS)
    about = (
        f"graphrec {__version__}, Python {platform.python_version()}, seed {arguments.seed}, "
        f"{time.strftime('%Y-%m-%d')}"
    )
    print(about, flush=True)
    tallies: list[Tally] = []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        tallies.append(
            carry_out(
                name,
                CAMPAIGNS[name],
                seed=arguments.seed,
                seconds=60 * arguments.minutes / len(names),
                cases=arguments.cases,
            )
        )
    print(table(tallies))
    if arguments.write is not None:
        replace_table(arguments.write, f"{about}\n\n{table(tallies)}")
    return int(any(tally.failures for tally in tallies))


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=20, help="for all campaigns together (default 20)")
    add("--cases", type=positive, help="of each campaign, at most")
    add("--only", action="append", choices=list(CAMPAIGNS), help="this campaign; may be repeated")
    add("--seed", type=int, default=int(time.time()), help="of the first case (default: the clock)")
    add("--write", type=Path, help="document whose table is replaced, as docs/reliability.md")
    parsed = parser.parse_args(argv)
    if parsed.write is not None:
        parsed.write = parsed.write.resolve()
    return parsed


def positive(text: str) -> int:
    """A number above 0 for argparse."""
    number = int(text)
    if number < 1:
        raise ValueError("not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
