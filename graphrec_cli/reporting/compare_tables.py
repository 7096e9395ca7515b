"""A comparison as text of 80 columns: entries, pairs, segments, and what follows from them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graphrec_cli.reporting.compare_words import describe_pair, spell_p
from graphrec_cli.reporting.tables import WIDTH, clip, text_table, wrap
from graphrec_cli.terminal_text import counted

_MOST_ROWS = 20
_MOST_LABEL = 160
_MOST_VERDICTS = 5
_METRIC_WIDTH = 60
"""Characters of a line for further metrics."""


def describe_comparison(comparison: Mapping[str, Any]) -> str:
    """Everything that fits a terminal, from the structure of docs/compare.md."""
    metric, metrics = comparison["metric"], comparison["metrics"]
    percent = f"{100 * comparison['confidence']:g} %"
    lines = [*_heading(comparison, percent), _entry_table(comparison, percent), ""]
    lines += _further_metrics(comparison, metrics[1:])
    for name in metrics:
        lines += _pair_table(comparison, name, percent)
    lines += _needed_table(comparison)
    if comparison["entries"][0]["segments"]:
        lines += _segment_tables(comparison, percent)
    of_metric = [pair for pair in comparison["pairs"] if pair["metric"] == metric]
    best = comparison["entries"][0]["name"]
    with_best = [pair for pair in of_metric if pair["a"] == best]
    lines += [wrap(describe_pair(pair, comparison)) for pair in with_best[:_MOST_VERDICTS]]
    return "\n".join(lines) + _more(len(with_best) - _MOST_VERDICTS)


def _heading(comparison: Mapping[str, Any], percent: str) -> Iterator[str]:
    hashes = comparison["split_hashes"]
    split = f"split {clip(hashes[0], 11)}" if len(hashes) == 1 else f"{len(hashes)} splits"
    users = counted(comparison["users"], "user")
    yield wrap(
        f"{comparison['part']} {comparison['metric']} over {users} of {split}; {percent} intervals "
        "are over users, sd is over seeds"
    )


def _entry_table(comparison: Mapping[str, Any], percent: str) -> str:
    metric = comparison["metric"]
    rows = []
    for entry in comparison["entries"][:_MOST_ROWS]:
        figure = entry["figures"][metric]
        interval = f"{figure['low']:.4f} to {figure['high']:.4f}"
        row = [entry["name"], f"{figure['mean']:.4f}", interval, _sd(figure["sd_of_seeds"])]
        rows.append([*row, str(len(entry["runs"])), clip(entry["label"], _MOST_LABEL)])
    for name, figures in comparison["baselines"].items():
        if metric in figures:
            rows.append(["", f"{figures[metric]:.4f}", "", "", "", clip(name, _MOST_LABEL)])
    header = ["", metric, f"{percent} interval", "sd", "runs", "entry"]
    more = len(comparison["entries"]) - _MOST_ROWS
    return text_table(header, rows, width=WIDTH) + _more(more)


def _further_metrics(comparison: Mapping[str, Any], metrics: Sequence[str]) -> Iterator[str]:
    """Means of the metrics that do not rank; with many, several tables one below the other."""
    while metrics:
        widths = itertools.accumulate(len(name) + 2 for name in metrics)
        fitting = max(1, sum(total <= _METRIC_WIDTH for total in widths))
        rows = [
            [
                entry["name"],
                *(f"{entry['figures'][name]['mean']:.4f}" for name in metrics[:fitting]),
            ]
            for entry in comparison["entries"][:_MOST_ROWS]
        ]
        for name, figures in comparison["baselines"].items():
            cells = [f"{figures[key]:.4f}" if key in figures else "-" for key in metrics[:fitting]]
            rows.append([clip(name, 16), *cells])
        yield text_table(["", *metrics[:fitting]], rows)
        yield ""
        metrics = metrics[fitting:]


def _pair_table(comparison: Mapping[str, Any], metric: str, percent: str) -> Iterator[str]:
    pairs = [pair for pair in comparison["pairs"] if pair["metric"] == metric]
    yield wrap(
        f"differences in {metric}; p of the {pairs[0]['test']} test, two-sided; Holm: p corrected "
        f"for {counted(len(pairs), 'pair')}; wins, losses and ties by user"
    )
    rows = []
    for pair in pairs[:_MOST_ROWS]:
        row = [_name(pair), f"{pair['difference']:+.4f}", _interval(pair)]
        row += [spell_p(pair["p"]), spell_p(pair["p_holm"])]
        rows.append([*row, *(f"{pair[of]:,}" for of in ("wins", "losses", "ties"))])
    header = ["", "mean", f"{percent} interval", "p", "Holm", "wins", "losses", "ties"]
    yield text_table(header, rows) + _more(len(pairs) - _MOST_ROWS)
    yield ""


def _needed_table(comparison: Mapping[str, Any]) -> Iterator[str]:
    """What would show the differences of the ranking metric, and the test of the margin."""
    pairs = [pair for pair in comparison["pairs"] if pair["metric"] == comparison["metric"]]
    margin = comparison["margin"]
    yield wrap(
        f"needed to find a difference of this size in {comparison['metric']} with a power of 80 % "
        "at a level of 5 %"
    )
    header = ["", "users", "seeds"]
    if margin is not None:
        percent = f"{100 * (2 * comparison['confidence'] - 1):g} %"
        header += [f"worse by less than {margin:.2g}", "p", f"{percent} interval"]
    rows = []
    for pair in pairs[:_MOST_ROWS]:
        row = [_name(pair), _count(pair["needed_users"]), _count(pair["needed_seeds"])]
        if margin is not None:
            test = pair["equivalence"]
            row += [f"{pair['b']}: {'shown' if test['no_worse'] else 'not shown'}"]
            row += [spell_p(test["p"]), _interval(test)]
        rows.append(row)
    yield text_table(header, rows) + _more(len(pairs) - _MOST_ROWS)
    yield ""


def _segment_tables(comparison: Mapping[str, Any], percent: str) -> Iterator[str]:
    """The best two entries by segments of users and items."""
    entries = comparison["entries"][:2]
    pair = next(pair for pair in comparison["pairs"] if pair["metric"] == comparison["metric"])
    for kind, unit, of in (("users", "users", "train items"), ("items", "pairs", "train users")):
        segments = pair["segments"][kind]
        metric = next(iter(segments.values()))["metric"]
        what = "over users, by" if kind == "users" else "over held-out pairs, by the item's"
        best = "; the best two entries" if len(comparison["entries"]) > 2 else ""
        yield wrap(f"{metric} {what} {of}{best}")
        rows = []
        for name, difference in segments.items():
            first = entries[0]["segments"][kind][name]
            least, most = first["degrees"]
            row = [f"{name}: {least:,} to {most:,}", f"{first[unit]:,}"]
            row += [f"{entry['segments'][kind][name]['figures'][metric]:.4f}" for entry in entries]
            rows.append([*row, f"{difference['difference']:+.4f}", _interval(difference)])
        names = [entry["name"] for entry in entries]
        yield text_table([of, unit, *names, _name(pair), f"{percent} interval"], rows)
        yield ""


def _name(pair: Mapping[str, Any]) -> str:
    return f"{pair['a']} - {pair['b']}"


def _interval(figure: Mapping[str, Any]) -> str:
    return f"{figure['low']:+.4f} to {figure['high']:+.4f}"


def _sd(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _more(number: int) -> str:
    return f"\nand {number} more, in --json and out=FILE" if number > 0 else ""
