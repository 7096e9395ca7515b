"""Learning curves of the Gowalla recipes: ``python tests/bench/learning_curves.py --plot FILE``.

``--fast`` and ``--best`` (may be left out) take the run directories of a gowalla_fast and a
gowalla_best that were validated, ``--paper`` that of a gowalla_lightgcn of a few epochs, to plot
next to the output of the authors' code.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

PUBLISHED_LOSS = {5: 0.1128}
"""Mean loss of an epoch by its number (README of gusye1234/LightGCN-PyTorch)."""
PUBLISHED_TEST = "published: recall@20 0.1071 and ndcg@20 0.0894 at epoch 5"


def history(run: Path) -> list[dict[str, Any]]:
    """The rows of ``history.jsonl`` of a run directory."""
    lines = (run / "history.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def draw_valid(axes: Axes, name: str, epochs: list[dict[str, Any]], color: str) -> None:
    """Valid metrics over the minutes that training took, without the time of validation."""
    minutes = [total / 60 for total in itertools.accumulate(row["seconds"] for row in epochs)]
    for metric, marker in (("recall@20", "o"), ("ndcg@20", "s")):
        points = [
            (minute, row["valid"][metric])
            for minute, row in zip(minutes, epochs, strict=True)
            if row["valid"] is not None
        ]
        label = f"{name}, {len(epochs)} epochs: {metric} {points[-1][1]:.4f}"
        axes.plot(*zip(*points, strict=True), marker=marker, markersize=3, color=color, label=label)


def draw_paper(axes: Axes, epochs: list[dict[str, Any]], test: dict[str, float]) -> None:
    """The loss by epoch, and the test metrics in words."""
    number = [row["epoch"] for row in epochs]
    axes.semilogy(number, [row["loss"] for row in epochs], marker="o", label="loss")
    axes.semilogy(list(PUBLISHED_LOSS), list(PUBLISHED_LOSS.values()), "kx", label="published loss")
    axes.set_xticks(number)
    axes.set_xlabel("epoch")
    measured = ", ".join(f"{metric} {test[metric]:.4f}" for metric in ("recall@20", "ndcg@20"))
    axes.set_title(
        f"gowalla_lightgcn, test at epoch {number[-1]}: {measured}\n{PUBLISHED_TEST}",
        fontsize="small",
    )


def main(argv: list[str] | None = None) -> int:
    """Draw both curves side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--fast", "--best", "--paper"):
        required = name != "--best"
        parser.add_argument(name, type=Path, required=required, help="run directory")
    parser.add_argument("--plot", type=Path, required=True, help="write the picture to this PNG")
    arguments = parser.parse_args(argv)
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, run, color in (
        ("gowalla_fast", arguments.fast, "tab:blue"),
        ("gowalla_best", arguments.best, "tab:orange"),
    ):
        if run is None:
            continue
        epochs = history(run)
        if all(row["valid"] is None for row in epochs):
            sys.exit(f"error: {run} was never validated, so that there is no curve to draw")
        draw_valid(left, name, epochs, color)
    left.set_xlabel("minutes of training")
    left.set_title("Valid metrics on the cut of train")
    metrics = json.loads((arguments.paper / "metrics.json").read_text("utf-8"))
    draw_paper(right, history(arguments.paper), metrics["test"])
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.savefig(arguments.plot, dpi=90)
    return 0


if __name__ == "__main__":
    sys.exit(main())
