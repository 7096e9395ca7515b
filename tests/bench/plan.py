"""``graphrec plan`` held against real runs: ``python tests/bench/plan.py --write docs/scaling.md``.

Every turn plans a short run and then makes it, each in a process of its own, so that both see the
machine in the same minutes. A table has the planned figures over the measured ones.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from comparison_report import describe_machine, write_between_markers
from eight_tables import write_table
from measure import spread
from run import ROOT, data_folder, positive

CASES = {
    "built-in": "trainer.epochs=2",
    "MovieLens-100K": "loss=bpr sampler=hardneg trainer.epochs=12",
    "MovieLens latest-small": "model=mf trainer.epochs=3",
    "Last.fm": "loss=bpr model.embedding_dim=128 model.num_layers=3 trainer.epochs=16",
    "MovieLens-1M": "trainer.epochs=1 trainer.steps_per_epoch=60",
    "Gowalla": "evaluation.floor=null model.num_layers=3 trainer.epochs=1 "
    "trainer.steps_per_epoch=30",
}
"""By data set, the words of the run that differ from the defaults."""
FIGURES = {"step": "step", "evaluation": "validation", "memory": "peak memory"}
Turn = dict[str, tuple[float, float]]
"""Planned and measured value of each of ``FIGURES``: seconds, and bytes."""


def one_turn(words: list[str], folder: Path) -> Turn:
    """Plan a run, then make it.

    Raises:
        RuntimeError: a command failed.
    """
    plan = json.loads(_output([sys.executable, "-m", "graphrec_cli", "plan", "--json", *words]))
    folder.mkdir()
    clock, output = folder / "evaluations.json", folder / "outputs"
    script = Path(__file__)
    command = [sys.executable, str(script.with_name("timed_train.py")), str(clock), *words]
    command.append(f"output_dir={output}")
    peak = float(_output([sys.executable, str(script.with_name("peak_memory.py")), *command]))
    (history,) = output.glob("*/history.jsonl")
    epochs = [json.loads(line) for line in history.read_text("utf-8").splitlines()]
    step = sum(epoch["seconds"] for epoch in epochs) / epochs[-1]["step"]
    # The last one is of the best epoch, after training.
    validations = json.loads(clock.read_text("utf-8"))["valid"][:-1]
    return {
        "step": (plan["time"]["step"], step),
        "evaluation": (plan["time"]["validation"], sum(validations) / len(validations)),
        "memory": (plan["memory"]["peak"], peak),
    }


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1000:]}")
    return done.stdout


def markdown(results: dict[str, list[Turn]], threads: int) -> str:
    """A row for every data set: the measured value, and planned over measured."""
    heads = ["planned over measured", *FIGURES.values()]
    lines = [heads, ["---"] * len(heads)]
    for name, turns in results.items():
        cells = [f"{name}: `{CASES[name]}`"]
        for figure in FIGURES:
            over = spread([planned / measured for planned, measured in _of(turns, figure)], ".2f")
            measured = [value for _, value in _of(turns, figure)]
            unit, scale = ("MB", 1e6) if figure == "memory" else ("ms", 1e-3)
            about = spread([value / scale for value in measured], ",.0f", f" {unit}")
            cells.append(f"**{over.partition(' ')[0]}** {over.partition(' ')[2]} of {about}")
        lines.append(cells)
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    number = max((len(turns) for turns in results.values()), default=0)
    return f"{describe_machine(threads)} Medians of {number} turns (lowest-highest):\n\n{table}"


def _of(turns: list[Turn], figure: str) -> list[tuple[float, float]]:
    return [turn[figure] for turn in turns]


def main(argv: list[str] | None = None) -> int:
    """Measure the data sets that are there, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=data_folder())
    parser.add_argument("--data", action="append", choices=[*CASES], help="default: all")
    parser.add_argument("--turns", type=positive, default=5)
    parser.add_argument("--threads", type=positive, default=1)
    parser.add_argument("--results", type=Path, help="JSON file that results are added to")
    parser.add_argument("--write", type=Path, help="page whose markers `plan` get the table")
    parser.add_argument("--words", default="", help="further words of every run")
    arguments = parser.parse_args(argv)
    results: dict[str, list[Turn]] = {}
    if arguments.results is not None and arguments.results.is_file():
        results = json.loads(arguments.results.read_text("utf-8"))
    for name in arguments.data or CASES:
        with tempfile.TemporaryDirectory() as folder:
            words = [f"num_threads={arguments.threads}", f"cache_dir={folder}/cache"]
            words += [*CASES[name].split(), *arguments.words.split()]
            if name != "built-in":
                table = Path(folder, "pairs.csv")
                if not write_table(name, arguments.data_dir, table):
                    print(f"{name}: skipped, {arguments.data_dir} lacks it", file=sys.stderr)
                    continue
                words += ["dataset=table", f"dataset.path={table}"]
            results[name] = []
            for turn in range(arguments.turns):
                results[name].append(one_turn(words, Path(folder, f"turn_{turn}")))
                print(f"{name}, turn {turn + 1}: {results[name][-1]}", file=sys.stderr, flush=True)
        if arguments.results is not None:
            arguments.results.write_text(json.dumps(results), encoding="utf-8")
    text = markdown(results, arguments.threads)
    print(text)
    if arguments.write is not None:
        write_between_markers(arguments.write, text, name="plan")
    return 0


if __name__ == "__main__":
    sys.exit(main())
