"""Models on eight data sets: ``python tests/bench/data_sets.py --write docs/benchmarks.md``.

Every figure comes from one ``graphrec train`` with default values, but for the words of ``MODELS``,
in a process of its own: test ndcg@10, seconds of the whole command, its peak memory. The results of
several commands are put together in ``--results``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from comparison_report import describe_machine, write_between_markers
from eight_tables import TABLES, write_table
from run import ROOT, data_folder, positive

MODELS = {
    "popularity": "model=popularity",
    "`mf`, BPR": "model=mf loss=bpr",
    "LightGCN, BPR": "sampler=uniform model.num_layers=3",
    "`itemknn`": "model=itemknn",
    "`ease`": "model=ease",
    "`gfcf`": "model=gfcf",
    "`chebycf`": "model=chebycf",
    "default LightGCN": "",
}
"""By heading, the words that differ from the defaults."""
TOO_LARGE = {("Gowalla", "`ease`")}
"""Not run unless asked for: the matrix of 40,981 items takes half an hour and 7.6 GB."""
METRIC = "ndcg@10"
Results = dict[str, dict[str, dict[str, float]]]
"""By data set and model: the metric on valid and on test, ``seconds`` and ``bytes``."""


def measure(table: Path, words: str, folder: Path, threads: int) -> dict[str, float]:
    """Run one model on one table.

    Raises:
        RuntimeError: the command failed.
    """
    command = [sys.executable, "-m", "graphrec_cli", "train", "dataset=table"]
    command += [f"dataset.path={table}", f"output_dir={folder}", f"num_threads={threads}"]
    command += ["plots=false", "evaluation.floor=null", *words.split()]
    peak_memory = [sys.executable, str(Path(__file__).with_name("peak_memory.py")), *command]
    start = time.perf_counter()
    done = subprocess.run(peak_memory, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1000:]}")
    (metrics,) = folder.glob("*/metrics.json")
    saved = json.loads(metrics.read_text(encoding="utf-8"))
    valid, test = saved["valid"][METRIC], saved["test"][METRIC]
    return {"valid": valid, METRIC: test, "seconds": seconds, "bytes": float(done.stdout)}


def as_table(results: Results, cell: Callable[[dict[str, float]], str]) -> str:
    """A row for every data set, a column for every model."""
    lines = [["", *MODELS], ["---"] * (1 + len(MODELS))]
    for name in TABLES:
        if name in results:
            of = results[name]
            lines.append([name, *(cell(of[model]) if model in of else "-" for model in MODELS)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(results: Results, threads: int) -> str:
    """Both tables and what they say."""
    return "\n\n".join(
        [
            describe_machine(threads),
            f"Test {METRIC}:",
            as_table(results, lambda figures: f"{figures[METRIC]:.4f}"),
            "Seconds of the whole command, peak memory in GB:",
            as_table(results, lambda of: f"{of['seconds']:.0f} s, {of['bytes'] / 1e9:.2f}"),
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Measure, print the tables and, if asked, write them into the document."""
    arguments = parse(argv)
    results: Results = {}
    if arguments.results.is_file():
        results = json.loads(arguments.results.read_text(encoding="utf-8"))
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    for name in arguments.data or TABLES:
        with tempfile.TemporaryDirectory() as temporary:
            table = Path(temporary) / "table.csv"
            if not write_table(name, arguments.data_dir, table):
                print(f"{name}: skipped, not in {arguments.data_dir}", file=sys.stderr)
                continue
            for model in arguments.model or MODELS:
                if (name, model) in TOO_LARGE and not arguments.model:
                    continue
                folder = Path(temporary) / str(list(MODELS).index(model))
                figures = measure(table, MODELS[model], folder, arguments.threads)
                print(f"{name}, {model}: {figures}", file=sys.stderr, flush=True)
                results.setdefault(name, {})[model] = figures
                arguments.results.write_text(json.dumps(results, indent=1), encoding="utf-8")
    text = markdown(results, arguments.threads)
    print(text)
    if arguments.write is not None:
        write_between_markers(arguments.write, text, name="data sets")
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--data", action="append", choices=list(TABLES), help="this alone; may be repeated")
    add("--model", action="append", choices=list(MODELS), help="this alone; may be repeated")
    add("--threads", type=positive, default=2, help="of every run (default 2)")
    add(
        "--data-dir",
        type=Path,
        default=data_folder(),
        help="folder of the data sets (default: $GRAPHREC_DATA, else ../shared/data)",
    )
    add(
        "--results",
        type=Path,
        default=ROOT / ".bench" / "data_sets.json",
        help="where all figures are kept (default .bench/data_sets.json)",
    )
    add("--write", type=Path, help="put the tables into this document")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
