"""Plot of the training loss and the validation metrics by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BEST_LINE: dict[str, Any] = {"color": "0.4", "linestyle": "--", "linewidth": 1}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    # Imported here so that commands without plots start fast; without pyplot, which has global
    # state and may need a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_curves(
    history: Sequence[Mapping[str, Any]], path: Path, monitor: str, lower_is_better: bool = False
) -> None:
    """Plot the loss and, if the run validated, the metric curves as a PNG at ``path``.

    The metric curves are those with the monitored metric's name (``ndcg@10`` draws every ``ndcg``).
    The first epoch with the best value of ``monitor`` is marked.

    Args:
        history: one row per epoch, at least one, as in ``history.jsonl``, with ``epoch``, ``loss``
            and ``valid``: a value by metric key, or None for an epoch without validation.
        path: PNG file in an existing folder.
        monitor: metric that selects the best epoch.
        lower_is_better: whether the lowest value of ``monitor`` is the best.

    Raises:
        KeyError: a validated row lacks the monitored metric.
        OutputError: the file cannot be written.
    """
    from matplotlib.ticker import MaxNLocator

    validated = [row for row in history if row["valid"] is not None]
    panels = 2 if validated else 1
    figure = new_figure(5.6 * panels, 4.0)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.set_xlim(history[0]["epoch"] - 0.5, history[-1]["epoch"] + 0.5)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        axis.grid(alpha=0.3)
    _draw_loss(axes[0], history)
    if validated:
        best_epoch = _draw_metrics(axes[1], validated, monitor, lower_is_better)
        axes[0].axvline(best_epoch, label=f"best epoch: {best_epoch}", **BEST_LINE)
        _legend_below(axes[0])

    with atomic_write(path) as file:
        figure.savefig(file, format="png")


def _draw_loss(axis: Axes, history: Sequence[Mapping[str, Any]]) -> None:
    epochs = [row["epoch"] for row in history]
    axis.plot(epochs, [row["loss"] for row in history], marker="o", markersize=3, label="loss")
    axis.set_ylabel("mean training loss")
    axis.set_title("Training loss")


def _draw_metrics(
    axis: Axes, validated: Sequence[Mapping[str, Any]], monitor: str, lower_is_better: bool
) -> int:
    """Draw the metrics with the monitored metric's name, and return the best epoch."""
    epochs = [row["epoch"] for row in validated]
    values = [row["valid"][monitor] for row in validated]
    family = monitor.partition("@")[0]
    for metric in validated[0]["valid"]:
        if metric.partition("@")[0] == family:
            axis.plot(
                epochs,
                [row["valid"][metric] for row in validated],
                marker="o",
                markersize=3,
                linewidth=2.2 if metric == monitor else 1.1,
                label=metric,
            )
    best_value = min(values) if lower_is_better else max(values)
    best_epoch = int(epochs[values.index(best_value)])
    axis.plot([best_epoch], [best_value], marker="*", markersize=13, color="black", linestyle="")
    label = f"best epoch: {best_epoch} ({monitor} {best_value:.4f})"
    axis.axvline(best_epoch, label=label, **BEST_LINE)
    _legend_below(axis)
    axis.set_ylabel(f"validation {family}")
    axis.set_title(f"Validation, selected by {monitor}")
    return best_epoch


def _legend_below(axis: Axes) -> None:
    """A legend that covers no point of a curve."""
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
