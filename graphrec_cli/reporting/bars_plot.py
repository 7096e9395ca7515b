"""Plot of a run's test metrics beside its baselines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.reporting.plots import COLOURS, panel_grid, plain_style, save_figure
from graphrec_cli.reporting.tables import clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = 3
_WIDTH, _HEIGHT = 4.0, 2.8
_GROUP = 0.8
"""Share of the distance between two groups of bars that they fill."""
_MOST_LABELLED = 9
"""With more bars in a panel, the figures above them would overlap."""
_MOST_WIDE = 6
"""With more, the figures are smaller."""
_HATCHES = ("", "//", "..", "xx", "\\\\", "oo")


def draw_test_metrics(models: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Plot a panel for each metric, with a bar for each model and cut-off, as a PNG at ``path``.

    Args:
        models: for each model, its test metrics; that of the run comes first.
        path: PNG file in an existing folder.

    Raises:
        OutputError: the file cannot be written.
    """
    families: dict[str, list[str]] = {}
    for metric in next(iter(models.values())):
        families.setdefault(metric.partition("@")[0], []).append(metric)
    with plain_style():
        columns = min(_COLUMNS, len(families))
        figure, axes = panel_grid(len(families), columns, _WIDTH, _HEIGHT)
        groups = max(map(len, families.values()))
        for axis, (family, metrics) in zip(axes, families.items(), strict=True):
            _draw_family(axis, family, metrics, models, groups)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper center", ncols=4, frameon=False)
        save_figure(figure, path)


def _draw_family(
    axis: Axes,
    family: str,
    metrics: list[str],
    models: Mapping[str, Mapping[str, float]],
    groups: int,
) -> None:
    """Draw the bars of a panel that has room for ``groups`` of them."""
    width = _GROUP / len(models)
    for number, (name, values) in enumerate(models.items()):
        places = [group + width * (number + 0.5) - _GROUP / 2 for group in range(len(metrics))]
        heights = [values.get(metric, 0.0) for metric in metrics]
        bars = axis.bar(
            places,
            heights,
            width=0.92 * width,
            color=COLOURS[number % len(COLOURS)],
            hatch=_HATCHES[number % len(_HATCHES)],
            edgecolor="white",
            label=clip(name, 24),
        )
        if len(models) * groups <= _MOST_LABELLED:
            labels = [f"{height:.4f}".removeprefix("0") for height in heights]
            size = 7 if len(models) * groups <= _MOST_WIDE else 6
            axis.bar_label(bars, labels=labels, fontsize=size, padding=1)
    cutoffs = ["".join(metric.partition("@")[1:]) for metric in metrics]
    axis.set_xticks(range(len(metrics)), cutoffs)
    middle = (len(metrics) - 1) / 2  # bars are equally wide in all panels
    axis.set_xlim(middle - groups / 2, middle + groups / 2)
    axis.margins(y=0.12)
    axis.grid(alpha=0.3, axis="y")
    axis.set_axisbelow(True)
    axis.set_title(f"test {family}", fontsize=10)
