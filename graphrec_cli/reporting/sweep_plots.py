"""Plot of a sweep: the valid metric against each swept value, and all values together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphrec_cli.reporting.plots import new_figure
from graphrec_cli.reporting.tables import clip
from graphrec_cli.results.sweep_summary import Group, Ranking
from graphrec_cli.storage.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_KEYS = 8
_MOST_LABEL = 16
_UNUSED = "not used"
"""Stands for the value of a key that a run does not use."""


def draw_sweep(rankings: Sequence[Ranking], path: Path) -> None:
    """Plot every ranking with swept values in a row of its own, as a PNG at ``path``.

    Each panel has a swept key on its horizontal axis, and a point for each group with the spread
    of its runs. With more than two keys a last panel has a line for each group through all values.
    Nothing is drawn without valid metrics or swept values.

    Raises:
        OutputError: the file cannot be written.
    """
    drawn = [(ranking, _keys(ranking)) for ranking in rankings]
    drawn = [(ranking, keys) for ranking, keys in drawn if ranking.selected and keys]
    if not drawn:
        return
    panels = max(len(keys) + (len(keys) > 2) for _, keys in drawn)
    figure = new_figure(3.6 * max(panels, 2), 3.6 * len(drawn))
    axes = figure.subplots(len(drawn), panels, squeeze=False)
    for row, (ranking, keys) in zip(axes, drawn, strict=True):
        groups = [group for group in ranking.groups if ranking.metric in group.valid]
        for axis in row[len(keys) + (len(keys) > 2) :]:
            axis.set_axis_off()
        for axis, key in zip(row, keys, strict=False):
            _draw_key(axis, key, groups, ranking)
        if len(keys) > 2:
            _draw_parallel(row[len(keys)], keys, groups, ranking)
        row[0].set_ylabel(f"valid {ranking.metric}")
    with atomic_write(path) as file:
        figure.savefig(file, format="png")


def _keys(ranking: Ranking) -> list[str]:
    """The keys with more than one value, at most ``_MOST_KEYS``."""
    names = dict.fromkeys(key for group in ranking.groups for key in group.values)
    return [name for name in names if len(_ordered(name, ranking.groups)) > 1][:_MOST_KEYS]


def _ordered(key: str, groups: Sequence[Group]) -> list[str]:
    """The values of a key: numbers by size, then texts in the order of the runs."""
    by_run = sorted(groups, key=lambda group: group.runs[0])
    values = list(dict.fromkeys(group.values.get(key, _UNUSED) for group in by_run))
    numbers = [value for value in values if _number(value) is not None]
    return [*sorted(numbers, key=float), *(value for value in values if value not in numbers)]


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _draw_key(axis: Axes, key: str, groups: Sequence[Group], ranking: Ranking) -> None:
    from matplotlib.ticker import MaxNLocator

    values = _ordered(key, groups)
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    is_numeric = len(known) == len(values)
    place = dict(zip(values, known if is_numeric else range(len(values)), strict=True))
    if not is_numeric:
        axis.set_xticks(range(len(values)), [clip(value, _MOST_LABEL) for value in values])
        axis.tick_params(axis="x", rotation=30)
    elif min(known) > 0 and max(known) >= 10 * min(known):
        axis.set_xscale("log")
    elif all(number.is_integer() for number in known):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for group in groups:
        figure = group.valid[ranking.metric]
        best = group is ranking.selected
        axis.errorbar(
            [place[group.values.get(key, _UNUSED)]],
            [figure.mean],
            yerr=None if figure.sd is None else [figure.sd],
            marker="*" if best else "o",
            markersize=12 if best else 5,
            color="tab:orange" if best else "tab:blue",
            capsize=3,
            zorder=3 if best else 2,
        )
    axis.margins(x=0.1)
    axis.set_xlabel(key)
    axis.grid(alpha=0.3)


def _draw_parallel(
    axis: Axes, keys: Sequence[str], groups: Sequence[Group], ranking: Ranking
) -> None:
    """A line for each group through its values, every key scaled to the panel's height."""
    from matplotlib import colormaps

    scores = [group.valid[ranking.metric].mean for group in groups]
    low, high = min(scores), max(scores)
    for group, score in sorted(zip(groups, scores, strict=True), key=lambda pair: pair[1]):
        share = (score - low) / (high - low) if high > low else 1.0
        heights = []
        for key in keys:
            values = _ordered(key, groups)
            heights.append(values.index(group.values.get(key, _UNUSED)) / max(len(values) - 1, 1))
        is_selected = group is ranking.selected
        axis.plot(
            [*range(len(keys)), len(keys)],
            [*heights, share],
            color="tab:orange" if is_selected else colormaps["viridis"](share),
            linewidth=2.5 if is_selected else 1,
            alpha=1 if is_selected else 0.6,
        )
    axis.set_xticks(range(len(keys) + 1), [*keys, ranking.metric], rotation=30)
    axis.set_yticks([])
    axis.set_title("all values, low to high")
