"""Plot of a search: the valid metric of trial after trial, and what each key matters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphrec_cli.reporting.plots import new_figure
from graphrec_cli.reporting.tables import clip
from graphrec_cli.storage.atomic import atomic_write

_MOST_LABEL = 28


def draw_search(
    history: Sequence[tuple[int, str, float | None]],
    importance: Mapping[str, float],
    path: Path,
    metric: str,
    *,
    lower_is_better: bool,
) -> None:
    """Plot the history and the importance of a search as a PNG at ``path``.

    Args:
        history: number, state and value of every trial that has ended.
        importance: share of each key, largest first; empty for one panel alone.
        metric: the valid metric.

    Raises:
        OutputError: the file cannot be written.
    """
    figure = new_figure(11.0 if importance else 6.4, 4.0)
    axes = figure.subplots(1, 2 if importance else 1, squeeze=False)[0]
    for state, marker, colour in (("completed", "o", "tab:blue"), ("pruned", "x", "0.6")):
        points = [(n, value) for n, of, value in history if of == state and value is not None]
        if points:
            numbers, values = zip(*points, strict=True)
            axes[0].plot(
                [number + 1 for number in numbers],
                values,
                marker=marker,
                color=colour,
                linestyle="",
                label=f"{state} ({len(points)})",
            )
    done = [(n, value) for n, of, value in history if of == "completed" and value is not None]
    if done:
        numbers, values = zip(*done, strict=True)
        best = list(itertools.accumulate(values, min if lower_is_better else max))
        axes[0].step(
            [number + 1 for number in numbers],
            best,
            where="post",
            color="tab:orange",
            label="best so far",
        )
        axes[0].legend(frameon=False)
    axes[0].set_xlabel("trial")
    axes[0].set_ylabel(f"valid {metric}")
    axes[0].set_title("Trials")
    axes[0].grid(alpha=0.3)
    if importance:
        keys = list(importance)[::-1]
        axes[1].barh([clip(key, _MOST_LABEL) for key in keys], [importance[key] for key in keys])
        axes[1].set_xlabel("share")
        axes[1].set_title(f"Importance for valid {metric}")
        axes[1].grid(alpha=0.3, axis="x")
    with atomic_write(path) as file:
        figure.savefig(file, format="png")
