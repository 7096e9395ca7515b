"""Plot of a training by epoch: loss, every valid metric, learning rate and throughput."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.reporting.plots import COLOURS, MARKERS, panel_grid, plain_style, save_figure
from graphrec_cli.reporting.tables import clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 3
_WIDTH, _HEIGHT = 4.0, 3.0
_BEST: dict[str, Any] = {"color": "0.35", "linestyle": "--", "linewidth": 1}
_FLOOR_LINES: tuple[Any, ...] = (":", "-.", (0, (1, 4)), (0, (6, 2, 1, 2, 1, 2)))
_MOST_NAME = 24
_MOST_MARKED = 40
"""With more epochs, points would hide the line that they are on."""

Floors = Mapping[str, Mapping[str, float]]


def draw_curves(
    history: Sequence[Mapping[str, Any]],
    path: Path,
    monitor: str,
    lower_is_better: bool = False,
    floors: Floors | None = None,
) -> None:
    """Plot the loss, the valid metrics, the learning rate and the throughput as a PNG at ``path``.

    Metrics that differ in their cut-off alone share a panel: ``ndcg@10`` and ``ndcg@50``; the panel
    of the monitored metric comes first. The first epoch with the best value of ``monitor`` is
    marked.

    Args:
        history: one row per epoch, at least one, as in ``history.jsonl``, with ``epoch``, ``loss``,
            ``learning_rate``, ``triplets_per_second`` and ``valid``: a value by metric key, or None
            for an epoch without validation.
        path: PNG file in an existing folder.
        monitor: metric that selects the best epoch.
        lower_is_better: whether the lowest value of ``monitor`` is the best.
        floors: for each baseline, its valid metrics, drawn as horizontal lines.

    Raises:
        KeyError: a validated row lacks the monitored metric.
        OutputError: the file cannot be written.
    """
    validated = [row for row in history if row["valid"] is not None]
    best = _best(validated, monitor, lower_is_better) if validated else None
    families = _families(validated[0]["valid"], monitor) if validated else {}
    floors = floors if validated and floors else {}
    from matplotlib.ticker import EngFormatter

    with plain_style():
        figure, axes = panel_grid(len(families) + 3, _COLUMNS, _WIDTH, _HEIGHT)
        for axis in axes:
            _prepare(axis, history, None if best is None else best["epoch"])
        _draw_line(axes[0], history, "loss", "training loss (mean of the steps)")
        for axis, (family, metrics) in zip(axes[1:], families.items(), strict=False):
            _draw_family(axis, family, metrics, validated, floors)
            if best is not None and monitor in metrics:
                _mark(axis, family, best, monitor)
        _draw_line(axes[-2], history, "learning_rate", "learning rate")
        _draw_line(axes[-1], history, "triplets_per_second", "examples per second")
        _from_zero(axes[-2], history, "learning_rate")
        _from_zero(axes[-1], history, "triplets_per_second")
        axes[-1].yaxis.set_major_formatter(EngFormatter())
        if validated:
            _add_legend(figure, list(families.values()), list(floors))
        save_figure(figure, path)


def _best(
    validated: Sequence[Mapping[str, Any]], monitor: str, lower_is_better: bool
) -> Mapping[str, Any]:
    choose = min if lower_is_better else max
    return choose(validated, key=lambda row: row["valid"][monitor])


def _families(metrics: Mapping[str, float], monitor: str) -> dict[str, list[str]]:
    """Metric keys by what is before the ``@``, those of ``monitor`` first."""
    families: dict[str, list[str]] = {monitor.partition("@")[0]: []}
    for metric in metrics:
        families.setdefault(metric.partition("@")[0], []).append(metric)
    return families


def _prepare(axis: Axes, history: Sequence[Mapping[str, Any]], best_epoch: int | None) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_xlabel("epoch", fontsize=9, labelpad=2)
    axis.set_xlim(history[0]["epoch"] - 0.5, history[-1]["epoch"] + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    axis.grid(alpha=0.3)
    if best_epoch is not None:
        axis.axvline(best_epoch, **_BEST)


def _draw_line(axis: Axes, history: Sequence[Mapping[str, Any]], key: str, title: str) -> None:
    epochs = [row["epoch"] for row in history]
    axis.plot(epochs, [row[key] for row in history], color=COLOURS[0], **_points(epochs, "o"))
    axis.set_title(title, fontsize=10)


def _from_zero(axis: Axes, history: Sequence[Mapping[str, Any]], key: str) -> None:
    highest = max(row[key] for row in history)
    if highest > 0:
        axis.set_ylim(0, 1.1 * highest)


def _draw_family(
    axis: Axes,
    family: str,
    metrics: Sequence[str],
    validated: Sequence[Mapping[str, Any]],
    floors: Floors,
) -> None:
    """A curve for each metric, and a line of its colour for each baseline that has it."""
    epochs = [row["epoch"] for row in validated]
    for number, metric in enumerate(metrics):
        colour = COLOURS[number % len(COLOURS)]
        values = [row["valid"][metric] for row in validated]
        axis.plot(epochs, values, color=colour, **_points(epochs, MARKERS[number % len(MARKERS)]))
        for floor, style in zip(floors.values(), cycle(_FLOOR_LINES), strict=False):
            if metric in floor:
                axis.axhline(floor[metric], color=colour, linestyle=style, linewidth=1.4)
    axis.set_title(f"valid {family}", fontsize=10)


def _mark(axis: Axes, family: str, best: Mapping[str, Any], monitor: str) -> None:
    """A star at the selected epoch, with its value in the title."""
    epoch, value = best["epoch"], best["valid"][monitor]
    axis.plot([epoch], [value], marker="*", markersize=13, color="black", linestyle="")
    axis.set_title(f"valid {family}: {monitor} {value:.4f} in epoch {epoch}", fontsize=10)


def _add_legend(figure: Figure, families: Sequence[Sequence[str]], floors: Sequence[str]) -> None:
    """One legend for all panels: cut-offs, baselines, and the selected epoch."""
    from matplotlib.lines import Line2D

    cutoffs = [metric.partition("@")[2] for metric in max(families, key=len)]
    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=f"@{cutoff}")
        for cutoff, colour, marker in zip(cutoffs, cycle(COLOURS), cycle(MARKERS), strict=False)
        if cutoff
    ]
    lines += [
        Line2D([], [], color="0.2", linestyle=style, label=clip(name, _MOST_NAME))
        for name, style in zip(floors, cycle(_FLOOR_LINES), strict=False)
    ]
    star: dict[str, Any] = {"marker": "*", "markersize": 9, "markerfacecolor": "black"}
    lines.append(Line2D([], [], label="selected epoch", **star, **_BEST))
    figure.legend(handles=lines, loc="upper center", ncols=8, frameon=False)


def _points(epochs: Sequence[int], marker: str) -> dict[str, Any]:
    shown = marker if len(epochs) <= _MOST_MARKED else ""
    return {"marker": shown, "markersize": 3, "linewidth": 1.4}
