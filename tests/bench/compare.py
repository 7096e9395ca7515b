"""graphrec against a plain reference and its peers: ``python tests/bench/compare.py``.

Every contender trains and evaluates the same LightGCN on the same pairs in its own process, in
turns within one run. Peers are installed from the package index into ``--environments`` first.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from comparison import Comparison, say
from comparison_report import Section, describe_machine, markdown, merge, write_between_markers
from comparison_results import MEASURES
from contenders import ENTRIES
from run import ROOT, data_folder, positive
from shared_data import DATA, prepare_shared_data


def main(argv: list[str] | None = None) -> int:
    """Measure, print the tables and, if asked, write them into the document."""
    arguments = parse(argv)
    names = [name for name in ENTRIES if name in (arguments.contender or ENTRIES)]
    measures = [name for name in MEASURES if name in (arguments.measure or MEASURES)]
    machine = describe_machine(arguments.threads)
    words = sys.argv[1:] if argv is None else argv
    command = shlex.join(["python", "tests/bench/compare.py", *words])
    sections = {}
    for data_name in chosen_data(arguments):
        with tempfile.TemporaryDirectory() as temporary:
            data = prepare_shared_data(data_name, Path(temporary), arguments.data_dir)
            if data is None:
                say(f"{data_name}: skipped, no train.txt and test.txt in {arguments.data_dir}")
                continue
            results = Comparison(
                data,
                names,
                environments=arguments.environments.resolve(),
                repeats=arguments.repeats,
                threads=arguments.threads,
                turn_s=arguments.turn_seconds,
            ).run(measures)
        commands = dict.fromkeys(measures, command)
        section = Section(data.describe(), machine, commands, results)
        print(markdown(section), end="\n\n", flush=True)
        sections = merge(arguments.environments / "results.json", data_name, section)
    if arguments.write is not None and sections:
        write_between_markers(arguments.write, "\n\n".join(map(markdown, sections.values())))
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data", action="append", choices=DATA, help="default: gowalla, or its size without it")
    add("--contender", action="append", choices=list(ENTRIES), help="and graphrec; may be repeated")
    add("--measure", action="append", choices=MEASURES, help="this alone; may be repeated")
    add("--repeats", type=positive, default=5, help="turns of each contender (default 5)")
    add("--threads", type=positive, default=2, help="of every contender (default 2)")
    add("--turn-seconds", type=float, default=2.0, help="of steps in one turn (default 2)")
    add(
        "--data-dir",
        type=Path,
        default=data_folder(),
        help="folder that holds gowalla (default: $GRAPHREC_DATA, else ../shared/data)",
    )
    add(
        "--environments",
        type=Path,
        default=ROOT / ".bench",
        help="folder of the peers' environments and of results.json (default .bench)",
    )
    add("--write", type=Path, help="put the tables of results.json into this document")
    return parser.parse_args(argv)


def chosen_data(arguments: argparse.Namespace) -> list[str]:
    """The chosen data sets; by default the real one if available, else one of its size."""
    if arguments.data:
        return list(arguments.data)
    return ["gowalla" if (arguments.data_dir / "gowalla").is_dir() else "gowalla-size"]


if __name__ == "__main__":
    sys.exit(main())
