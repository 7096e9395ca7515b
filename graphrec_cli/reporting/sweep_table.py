"""The table of a sweep, and what stands below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from graphrec_cli.reporting.tables import text_table
from graphrec_cli.results.coverage import describe_coverage
from graphrec_cli.results.floor import beaten


def describe_sweep(results: list[dict[str, Any]], labels: Sequence[str]) -> str:
    """The runs, best valid metric first; failed ones at the end with their error.

    Args:
        results: of the runs that were started.
        labels: the swept words of every run, by its number.
    """

    def part(result: dict[str, Any], name: str) -> float | None:
        metrics = result["metrics"]
        values = None if metrics is None else metrics[name]
        return None if values is None else float(values[result["monitor"]])

    def order(result: dict[str, Any]) -> tuple[float, int]:
        score = part(result, "valid")
        if score is None:
            return (-math.inf, -result["number"])
        return (-score if result["lower_is_better"] else score, -result["number"])

    rows = []
    for result in sorted(results, key=order, reverse=True):
        figures = [part(result, "valid"), part(result, "test")]
        rows.append(
            [
                str(result["number"] + 1),
                *("-" if figure is None else f"{figure:.4f}" for figure in figures),
                labels[result["number"]],
                result["error"] or result["run"],
            ]
        )
    monitors = {result["monitor"] for result in results}
    monitor = monitors.pop() if len(monitors) == 1 else "monitor"
    table = text_table(["run", f"valid {monitor}", f"test {monitor}", "overrides", "where"], rows)
    return "\n".join([table, *_describe_floors(results), *_describe_coverage(results)])


def _describe_floors(results: list[dict[str, Any]]) -> list[str]:
    """What the runs on the same data have to beat on valid, and which do not."""
    lines = []
    for group in dict.fromkeys(result["floor_of"] for result in results):
        runs = [
            result
            for result in results
            if group is not None
            and result["floor_of"] == group
            and result["metrics"] is not None
            and result["metrics"]["floor"] is not None
        ]
        if not runs:
            continue
        floor = runs[0]["metrics"]["floor"]
        metric, lower = floor["metric"], runs[0]["lower_is_better"]
        below = [
            str(result["number"] + 1)
            for result in runs
            if beaten(result["metrics"]["valid"][metric], floor["valid"], lower_is_better=lower)
        ]
        line = f"model={floor['model']}, a formula, has valid {metric} {floor['valid']:.4f}"
        if len(runs) < len(results):
            line = f"run {', '.join(str(run['number'] + 1) for run in runs)}: {line}"
        lines.append(f"{line}; not better: run {', '.join(below)}" if below else line)
    return lines


def _describe_coverage(results: list[dict[str, Any]]) -> list[str]:
    """What the test figures of the runs cover; a line that all runs share names no run."""
    runs: dict[str, list[str]] = {}
    for result in results:
        if result["metrics"] is not None and result["metrics"]["test"] is not None:
            for line in describe_coverage(result["metrics"]["counts"]["test"]):
                runs.setdefault(line, []).append(str(result["number"] + 1))
    return [
        line if len(numbers) == len(results) else f"run {', '.join(numbers)}: {line}"
        for line, numbers in runs.items()
    ]
