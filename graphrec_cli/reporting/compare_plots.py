"""Picture of a comparison: figures and differences with intervals, and segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphrec_cli.reporting.plots import COLOURS, new_figure, plain_style, save_figure
from graphrec_cli.reporting.tables import clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ENTRIES = 8
_MOST_PAIRS = 15
_MOST_LABEL = 90
_SEGMENTS_HEIGHT = 3.6


def draw_comparison(comparison: Mapping[str, Any], path: Path) -> None:
    """Draw the ranking metric of the best entries as a PNG.

    Args:
        comparison: the structure of docs/compare.md.
        path: the file to create or replace.

    Raises:
        OutputError: the file cannot be written.
    """
    entries = comparison["entries"][:_MOST_ENTRIES]
    names = {entry["name"] for entry in entries}
    pairs = [
        pair
        for pair in comparison["pairs"]
        if pair["metric"] == comparison["metric"] and names >= {pair["a"], pair["b"]}
    ]
    shown = pairs[:_MOST_PAIRS]
    has_segments = bool(entries[0]["segments"])
    height = 1.6 + 0.3 * max(len(entries), len(shown))
    ratios = [height, _SEGMENTS_HEIGHT] if has_segments else [height]
    with plain_style():
        figure = new_figure(9, sum(ratios) + 0.25 * len(entries))
        axes = figure.subplots(len(ratios), 2, squeeze=False, height_ratios=ratios)
        _draw_entries(axes[0][0], entries, comparison)
        _draw_pairs(axes[0][1], shown, comparison, of=len(pairs))
        if has_segments:
            _draw_segments(axes[1][0], entries, "users", pairs[0])
            _draw_segments(axes[1][1], entries, "items", pairs[0])
        figure.legend(
            *axes[0][0].get_legend_handles_labels(), loc="outside lower center", frameon=False
        )
        save_figure(figure, path)


def _draw_entries(
    axis: Axes, entries: Sequence[Mapping[str, Any]], comparison: Mapping[str, Any]
) -> None:
    metric = comparison["metric"]
    for place, (entry, colour) in enumerate(zip(entries, COLOURS, strict=False)):
        figure = entry["figures"][metric]
        label = f"{entry['name']}: {clip(entry['label'], _MOST_LABEL)}"
        # A dollar sign would begin a formula.
        label = label.replace("$", r"\$")
        _draw_interval(axis, place, figure["mean"], figure, colour, label)
    number = len(comparison["entries"])
    best = f", best {len(entries)} of {number}" if number > len(entries) else ""
    axis.set_title(f"{comparison['part']} {metric}, {_percent(comparison)} interval{best}")
    _finish(axis, [entry["name"] for entry in entries])


def _draw_pairs(
    axis: Axes, pairs: Sequence[Mapping[str, Any]], comparison: Mapping[str, Any], *, of: int
) -> None:
    for place, pair in enumerate(pairs):
        found = pair["p_holm"] < 1 - comparison["confidence"]
        _draw_interval(axis, place, pair["difference"], pair, "black" if found else "0.55", "")
    axis.axvline(0, color="0.4", linestyle="--", linewidth=1)
    some = f", {len(pairs)} of {of}" if of > len(pairs) else ""
    axis.set_title(f"difference{some}, {_percent(comparison)} interval (grey: none found)")
    _finish(axis, [f"{pair['a']} - {pair['b']}" for pair in pairs])


def _percent(comparison: Mapping[str, Any]) -> str:
    return f"{100 * comparison['confidence']:g} %"


def _draw_interval(
    axis: Axes, place: int, centre: float, ends: Mapping[str, Any], colour: str, label: str
) -> None:
    # The percentile interval of a few users may leave out the mean itself.
    reach = [[max(centre - ends["low"], 0)], [max(ends["high"] - centre, 0)]]
    axis.errorbar(
        [centre], [place], xerr=reach, marker="o", capsize=4, color=colour, label=label or None
    )


def _finish(axis: Axes, labels: Sequence[str]) -> None:
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.5, -0.5)  # the best on top
    axis.locator_params(axis="x", nbins=5)
    axis.margins(x=0.15)
    axis.grid(axis="x", alpha=0.3)


def _draw_segments(
    axis: Axes, entries: Sequence[Mapping[str, Any]], kind: str, pair: Mapping[str, Any]
) -> None:
    segments = pair["segments"][kind]
    metric = next(iter(segments.values()))["metric"]
    width = 0.8 / len(entries)
    for number, (entry, colour) in enumerate(zip(entries, COLOURS, strict=False)):
        heights = [entry["segments"][kind][name]["figures"][metric] for name in segments]
        offset = (number - (len(entries) - 1) / 2) * width
        places = [place + offset for place in range(len(heights))]
        axis.bar(places, heights, width * 0.9, color=colour)
    unit, of = ("users", "train items") if kind == "users" else ("pairs", "train users")
    ticks = []
    for name in segments:
        own = entries[0]["segments"][kind][name]
        least, most = own["degrees"]
        ticks.append(f"{name}\n{own[unit]:,} {unit}\n{least:,} to {most:,}\n{of}")
    axis.set_xticks(range(len(ticks)), ticks)
    axis.set_title(f"{metric} by {kind}")
    axis.grid(axis="y", alpha=0.3)
    axis.set_axisbelow(True)
