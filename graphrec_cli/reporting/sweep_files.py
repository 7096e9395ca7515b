"""A sweep for other programs: rows of ``sweep.csv`` and the content of ``--json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from graphrec_cli.results.sweep_summary import Result, rank_runs
from graphrec_cli.storage.atomic import write_csv


def write_runs(path: Path, results: Sequence[Result], *, show_test: bool) -> None:
    """Write a row for each run: swept values, valid metrics, and test metrics where shown.

    Raises:
        OutputError: the file cannot be written.
    """
    shown = _with_test(results, show_test=show_test)
    rows: list[dict[str, object]] = []
    for result in results:
        metrics = result["metrics"] or {"valid": None, "test": None}
        row = {"run": result["number"] + 1, "state": result["state"]}
        row |= {"seconds": result["seconds"], **result["values"]}
        row |= {f"valid {name}": value for name, value in (metrics["valid"] or {}).items()}
        if result["number"] in shown:
            row |= {f"test {name}": value for name, value in (metrics["test"] or {}).items()}
        rows.append(row | {"directory": result["run"], "error": result["error"]})
    last = ("directory", "error")
    names = dict.fromkeys(name for row in rows for name in row if name not in last)
    # Values of later runs that the first one lacks would come after the metrics.
    header = sorted(names, key=lambda name: (name.startswith("test "), name.startswith("valid ")))
    header += last
    write_csv(path, header, [[row.get(name, "") for name in header] for row in rows])


def sweep_as_json(folder: Path, results: Sequence[Result], *, show_test: bool) -> dict[str, Any]:
    """The rankings and the runs as plain values.

    Test metrics are those of the selected groups, unless ``show_test`` is set.
    """
    shown = _with_test(results, show_test=show_test)
    rankings = []
    for ranking in rank_runs(results):
        groups = [asdict(group) for group in ranking.groups]
        for group in groups:
            if not {number - 1 for number in group["runs"]} <= shown:
                group |= {"test": None, "baselines": None}
        rankings.append(
            {
                "metric": ranking.metric,
                "lower_is_better": ranking.lower_is_better,
                "selected": None if ranking.selected is None else ranking.selected.runs,
                "groups": groups,
            }
        )
    return {
        "sweep": str(folder),
        "rankings": rankings,
        "runs": [_run_as_json(result, test=result["number"] in shown) for result in results],
    }


def _run_as_json(result: Result, *, test: bool) -> dict[str, Any]:
    metrics = result["metrics"] or {"valid": None, "test": None}
    names = ("values", "overrides", "state", "exit_code", "error", "run", "seconds")
    return {
        "number": result["number"] + 1,
        **{name: result[name] for name in names},
        "valid": metrics["valid"],
        "test": metrics["test"] if test else None,
    }


def _with_test(results: Sequence[Result], *, show_test: bool) -> set[int]:
    """Numbers, from 0, of the runs whose test metrics are shown."""
    if show_test:
        return {result["number"] for result in results}
    selected = [ranking.selected for ranking in rank_runs(results)]
    return {number - 1 for group in selected if group is not None for number in group.runs}
