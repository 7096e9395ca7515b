"""What a sweep prints at its end: rankings, the selected configuration, and failed runs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from graphrec_cli.config.sweep import describe_values
from graphrec_cli.reporting.tables import WIDTH, text_table, wrap
from graphrec_cli.results.coverage import describe_coverage
from graphrec_cli.results.floor import beaten
from graphrec_cli.results.sweep_summary import (
    Figure,
    Group,
    Ranking,
    Result,
    describe_numbers,
    name_runs,
    rank_runs,
    shared_values,
)
from graphrec_cli.terminal_text import printable

_MOST_ROWS = 20
_MOST_NUMBERS = 16
_MOST_METRICS = 48
"""Characters of a line for metrics, so that there is room for the values."""


def describe_sweep(
    results: Sequence[Result], planned: int, metrics: Sequence[str] = (), *, show_test: bool = False
) -> str:
    """Lines of at most 80 characters, if no value is longer.

    Args:
        results: of the runs so far, by number.
        planned: number of runs in all.
        metrics: columns of the tables; empty for the metric that ranks.
        show_test: show test metrics of every row.
    """
    rankings = rank_runs(results)
    lines: list[str] = []
    for ranking in rankings:
        if len(rankings) > 1:
            title = describe_values(shared_values(ranking.groups))
            lines += [wrap(title or name_runs(_runs(ranking.groups)))]
        own = [result for result in results if result["number"] + 1 in _runs(ranking.groups)]
        lines += _ranking_tables(ranking, metrics or [ranking.metric], show_test=show_test)
        lines += map(wrap, _describe_floors(own, ranking))
        lines += [*_describe_selected(ranking, own, metrics), ""]
    lines += map(wrap, _describe_others(results, planned))
    return "\n".join(lines).rstrip("\n")


def _ranking_tables(ranking: Ranking, metrics: Sequence[str], *, show_test: bool) -> Iterator[str]:
    """Tables of the best groups; with many metrics, several one below the other."""
    groups = ranking.groups[:_MOST_ROWS]
    has_seeds = any(len(group.runs) > 1 for group in groups)
    parts = ("valid", "test") if show_test else ("valid",)
    columns = [(part, metric) for part in parts for metric in metrics]
    widths = [len(" ".join(column)) + (10 if has_seeds else 2) for column in columns]
    while columns:
        fitting = max(1, sum(total <= _MOST_METRICS for total in itertools.accumulate(widths)))
        yield _table(groups, columns[:fitting], has_seeds=has_seeds)
        columns, widths = columns[fitting:], widths[fitting:]
    more = len(ranking.groups) - len(groups)
    if more > 0:
        yield f"and {more} more, in sweep.csv"


def _table(groups: Sequence[Group], columns: Sequence[tuple[str, str]], *, has_seeds: bool) -> str:
    header = ["runs"]
    for column in columns:
        header += [" ".join(column), "sd"] if has_seeds else [" ".join(column)]
    rows = []
    for group in groups:
        row = [_shortened(describe_numbers(group.runs))]
        for part, metric in columns:
            cells = _cells((group.valid if part == "valid" else group.test).get(metric))
            row += cells if has_seeds else cells[:1]
        row += [str(len(group.runs))] if has_seeds else []
        rows.append([*row, printable(describe_values(group.values))])
    return text_table([*header, *(["n"] if has_seeds else []), "values"], rows, width=WIDTH)


def _shortened(numbers: str) -> str:
    """Many numbers of runs, cut at a comma."""
    if len(numbers) <= _MOST_NUMBERS:
        return numbers
    return f"{numbers[:_MOST_NUMBERS].rpartition(',')[0]}, ..."


def _cells(figure: Figure | None) -> list[str]:
    if figure is None:
        return ["-", "-"]
    return [f"{figure.mean:.4f}", "-" if figure.sd is None else f"{figure.sd:.4f}"]


def _describe_selected(
    ranking: Ranking, results: Sequence[Result], metrics: Sequence[str]
) -> Iterator[str]:
    """The selected group's metrics on valid and test, beside the baselines on test."""
    group = ranking.selected
    if group is None:
        yield "no valid part, so nothing is selected; sweep.test=true shows the test metrics"
        yield from map(wrap, _describe_coverage(results, sorted(_runs(ranking.groups))))
        return
    values = printable(describe_values(group.values))
    shown = f" ({values})" if values else ""
    yield wrap(f"selected by valid {ranking.metric}: {name_runs(group.runs)}{shown}")
    has_seeds = len(group.runs) > 1
    header = ["metric", "valid", *(["sd"] if has_seeds else [])]
    header += ["test", *(["sd"] if has_seeds else []), *group.baselines]
    rows = []
    for metric in metrics or _same_cutoff(ranking.metric, group):
        row = [metric]
        for figures in (group.valid, group.test):
            cells = _cells(figures.get(metric))
            row += cells if has_seeds else cells[:1]
        row += [_cells(baseline.get(metric))[0] for baseline in group.baselines.values()]
        rows.append(row)
    yield text_table(header, rows)
    yield from map(wrap, _describe_coverage(results, group.runs))


def _same_cutoff(metric: str, group: Group) -> list[str]:
    cutoff = metric.partition("@")[2]
    return [name for name in group.valid if name.partition("@")[2] == cutoff]


def _describe_floors(results: Sequence[Result], ranking: Ranking) -> list[str]:
    """The formula that runs on the same data have to beat on valid, and which do not."""
    runs = [result for result in results if result["metrics"]["floor"] is not None]
    if not runs:
        return []
    floors: dict[str, list[int]] = {}
    below = []
    for run in runs:
        floor = run["metrics"]["floor"]
        floors.setdefault(f"model={floor['model']} {floor['valid']:.4f}", []).append(
            run["number"] + 1
        )
        ours = run["metrics"]["valid"][floor["metric"]]
        if beaten(ours, floor["valid"], lower_is_better=ranking.lower_is_better):
            below.append(run["number"] + 1)
    named = [
        floor if len(numbers) == len(results) else f"{floor} ({name_runs(numbers)})"
        for floor, numbers in floors.items()
    ]
    line = f"a formula's valid {ranking.metric}: {', '.join(named)}"
    return [f"{line}; not better: {name_runs(below)}" if below else line]


def _describe_coverage(results: Sequence[Result], numbers: list[int]) -> list[str]:
    """What the test figures of some runs cover; a line that all share names no run."""
    runs: dict[str, list[int]] = {}
    for result in results:
        number, metrics = result["number"] + 1, result["metrics"]
        if number in numbers and metrics["test"] is not None:
            for line in describe_coverage(metrics["counts"]["test"]):
                runs.setdefault(line, []).append(number)
    return [line if own == numbers else f"{name_runs(own)}: {line}" for line, own in runs.items()]


def _describe_others(results: Sequence[Result], planned: int) -> Iterator[str]:
    """A line for each failed run, and one for all others that have ended in the same way."""
    for state in ("pruned", "interrupted"):
        numbers = [result["number"] + 1 for result in results if result["state"] == state]
        if numbers:
            yield f"{state}: {name_runs(numbers)}"
    for result in results:
        if result["metrics"] is None and result["state"] not in ("pruned", "interrupted"):
            number, values = result["number"] + 1, describe_values(result["values"])
            shown = f" ({values})" if values else ""
            yield printable(f"run {number}{shown} {result['state']}: {result['error']}")
    missing = set(range(1, planned + 1)) - {result["number"] + 1 for result in results}
    if missing:
        yield f"not started: {name_runs(missing)}"


def _runs(groups: Sequence[Group]) -> set[int]:
    return {number for group in groups for number in group.runs}
