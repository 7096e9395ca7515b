"""What the html report of a comparison holds: its texts clipped, its numbers rounded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphrec_cli.evaluation.segments import SEGMENTS
from graphrec_cli.reporting.compare_html_detail import Detail, left_out
from graphrec_cli.reporting.tables import clip
from graphrec_cli.reporting.thin_curves import kept_epochs

_LARGEST_EXACT = 2**53
"""Largest whole number that JavaScript holds exactly."""
_MOST_BINS = 64
_MOST_SHORT = 8
"""Baselines, splits and tests that are named."""


def report_content(comparison: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    """A comparison as the report's page takes it.

    Every text is clipped and free of control characters; every number has 5 significant digits or
    a few more, and is None if it is not finite. Values by metric or by key are lists in the order
    of ``metrics`` and ``keys``; entries are known by their position. A pair is a list: a, b,
    difference, low, high, p, p by Holm, wins, losses, ties, no worse, its p, needed users, needed
    seeds, and for each segment of users the difference, low and high.

    Args:
        comparison: the structure that ``graphrec compare --json`` prints.
        detail: how much of it is kept.
    """
    ranking = comparison["metric"]
    others = [metric for metric in comparison["metrics"] if metric != ranking]
    kept = {ranking, *others[: detail.metrics - 1]}
    metrics = [metric for metric in comparison["metrics"] if metric in kept]
    keys = comparison["config_keys"][: detail.keys]
    entries = comparison["entries"][: detail.entries]
    drawn = metrics if detail.all_curves else [ranking]
    by_item = _metrics_by_item(entries)
    pairs = comparison["pairs"]
    return {
        "part": text(comparison["part"], detail.text),
        "metrics": [text(metric, detail.text) for metric in metrics],
        "item_metrics": [text(metric, detail.text) for metric in by_item],
        "ranking": metrics.index(ranking),
        "lower_is_better": bool(comparison["lower_is_better"]),
        "confidence": number(comparison["confidence"]),
        "users": number(comparison["users"]),
        "margins": _margins(pairs, metrics),
        "splits": [text(split, 16) for split in comparison["split_hashes"][:_MOST_SHORT]],
        "tests": _distinct((pair["test"] for pair in pairs), detail.text),
        "keys": [text(key, detail.text) for key in keys],
        "entries": [_entry(entry, metrics, by_item, drawn, keys, detail) for entry in entries],
        "baselines": [
            [text(name, detail.text), _by_metric(figures, metrics)]
            for name, figures in [*comparison["baselines"].items()][:_MOST_SHORT]
        ],
        "pairs": _pairs(pairs, [entry["name"] for entry in entries], metrics, detail),
        "notes": left_out(comparison, detail),
    }


def text(value: object, length: int) -> str:
    """A value as text of at most ``length`` characters without control characters."""
    return "-" if value is None else clip(str(value)[: length + 1], length)


def number(value: object) -> int | float | None:
    """A whole number, or one of few digits; None for what is not a finite number."""
    if isinstance(value, float):
        return _few_digits(value) if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= _LARGEST_EXACT else None
    return None


def _few_digits(value: float) -> float:
    """5 significant digits, or as many as it takes to show the four decimals of ``value``."""
    shown = f"{value:.4f}"
    rounded = (float(f"{value:.{digits}g}") for digits in range(5, 18))
    return next(short for short in rounded if f"{short:.4f}" == shown) + 0.0  # no minus before 0


def _entry(
    entry: Mapping[str, Any],
    metrics: Sequence[str],
    by_item: Sequence[str],
    drawn: Sequence[str],
    keys: Sequence[str],
    detail: Detail,
) -> dict[str, Any]:
    segments = entry.get("segments") or {}
    return {
        "name": text(entry["name"], 12),
        "label": text(entry["label"], detail.text),
        "runs": [text(run, detail.text) for run in entry["runs"][: detail.runs]],
        "num_runs": len(entry["runs"]),
        "seeds": text(", ".join(text(seed, 20) for seed in entry["seeds"][:20]), detail.text),
        "values": [text(entry["values"].get(key), detail.text) for key in keys],
        "figures": [_figure(entry["figures"].get(metric)) for metric in metrics],
        "users": _segments(segments.get("users") or {}, "users", metrics),
        "items": _segments(segments.get("items") or {}, "pairs", by_item),
        "histogram": _histogram(entry.get("rank_histogram")),
        "curves": [
            _curve(curve, metrics, drawn, detail) for curve in entry["curves"][: detail.runs]
        ],
    }


def _metrics_by_item(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The metrics that the segments of items have; they need not be those of the users."""
    parts = [
        part
        for entry in entries
        for part in ((entry.get("segments") or {}).get("items") or {}).values()
    ]
    return list(dict.fromkeys(metric for part in parts for metric in part["figures"]))[:_MOST_SHORT]


def _figure(figure: Mapping[str, Any] | None) -> list[int | float | None] | None:
    """Mean, low, high and standard deviation over seeds."""
    if figure is None:
        return None
    return [number(figure.get(name)) for name in ("mean", "low", "high", "sd_of_seeds")]


def _segments(parts: Mapping[str, Any], count: str, metrics: Sequence[str]) -> list[Any]:
    """For each segment its name, its number of users or pairs, and its values by metric."""
    return [
        [name, number(parts[name].get(count)), _by_metric(parts[name]["figures"], metrics)]
        for name in SEGMENTS
        if parts.get(name)
    ]


def _by_metric(figures: Mapping[str, Any], metrics: Sequence[str]) -> list[int | float | None]:
    return [number(figures.get(metric)) for metric in metrics]


def _histogram(histogram: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not histogram:
        return None
    return {
        "edges": [number(edge) for edge in histogram["edges"][:_MOST_BINS]],
        "shares": [number(share) for share in histogram["shares"][:_MOST_BINS]],
        "missed": number(histogram.get("missed")),
    }


def _curve(
    curve: Mapping[str, Any], metrics: Sequence[str], drawn: Sequence[str], detail: Detail
) -> dict[str, Any]:
    valid = {metric: curve["valid"][metric] for metric in drawn if metric in curve["valid"]}
    validated = [
        any(values[row] is not None for values in valid.values())
        for row in range(len(curve["epoch"]))
    ]
    rows = kept_epochs(curve["epoch"], validated, curve["selected_epoch"], detail.points)
    return {
        "epoch": [number(curve["epoch"][row]) for row in rows],
        "loss": [number(curve["loss"][row]) for row in rows],
        "valid": [
            [number(valid[metric][row]) for row in rows] if metric in valid else None
            for metric in metrics
        ],
        "selected": number(curve["selected_epoch"]),
    }


def _pairs(
    pairs: Iterable[Mapping[str, Any]],
    names: Sequence[str],
    metrics: Sequence[str],
    detail: Detail,
) -> list[list[list[Any]]]:
    """For each metric its pairs."""
    position = {name: index for index, name in enumerate(names)}
    rows: dict[str, list[list[Any]]] = {metric: [] for metric in metrics}
    for pair in pairs:
        a, b = position.get(pair["a"]), position.get(pair["b"])
        if a is None or b is None or pair["metric"] not in rows:
            continue
        if detail.all_pairs or 0 in (a, b):
            rows[pair["metric"]].append(_pair(pair, a, b))
    return list(rows.values())


def _pair(pair: Mapping[str, Any], a: int, b: int) -> list[Any]:
    equivalence = pair.get("equivalence") or {}
    parts = (pair.get("segments") or {}).get("users") or {}
    names = ("difference", "low", "high")
    counts = ("p", "p_holm", "wins", "losses", "ties")
    no_worse = equivalence.get("no_worse")
    return [
        *(a, b),
        *(number(pair[name]) for name in (*names, *counts)),
        None if no_worse is None else bool(no_worse),
        number(equivalence.get("p")),
        number(pair.get("needed_users")),
        number(pair.get("needed_seeds")),
        [
            [number(parts[part].get(name)) for name in names] if parts.get(part) else None
            for part in SEGMENTS
        ],
    ]


def _margins(
    pairs: Iterable[Mapping[str, Any]], metrics: Sequence[str]
) -> list[int | float | None]:
    """The margin of each metric; they differ if they are shares of means."""
    margin: dict[str, object] = {}
    for pair in pairs:
        margin.setdefault(pair["metric"], (pair.get("equivalence") or {}).get("margin"))
    return [number(margin.get(metric)) for metric in metrics]


def _distinct(values: Iterable[object], length: int) -> list[str]:
    return [text(value, length) for value in [*dict.fromkeys(values)][:_MOST_SHORT]]
