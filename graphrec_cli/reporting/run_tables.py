"""The list of runs for the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from graphrec_cli.reporting.tables import WIDTH, clip, text_table
from graphrec_cli.rundir.run_summary import RunSummary

_MOST_NAME = 16
_MOST_METRIC = 14
_MOST_PATH = 200
_HASH = 8
_HEADER = ("when", "model", "data set", "state", "metric", "valid", "test")
_LEAST_DATA_SET = 8


def runs_table(runs: Sequence[RunSummary], output_dir: Path, metric: str | None = None) -> str:
    """Format two lines a run: its figures, then its directory and its split.

    The text does not end with a newline.

    Args:
        runs: at least one.
        output_dir: directories are shown relative to it.
        metric: shown for each run; None for the metric that selected its epoch.
    """
    rows = [_row(run, metric) for run in runs]
    place = _HEADER.index("data set")
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    room = WIDTH - sum(widths) - 2 * (len(widths) - 1) + widths[place]
    for row in rows:
        row[place] = clip(row[place], max(room, _LEAST_DATA_SET))
    header, rule, *lines = text_table(_HEADER, rows).split("\n")
    for run, line in zip(runs, lines, strict=True):
        rule += f"\n{line}\n{_place(run, output_dir)}"
    return f"{header}\n{rule}"


def when(started: float) -> str:
    """A time in seconds since 1970 as local time, such as ``2026-01-31 12:00``."""
    try:
        return datetime.fromtimestamp(started).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):  # a file system may have any time
        return "-"


def split_name(run: RunSummary) -> str:
    """The option of the split, and the first characters of its hash."""
    option = clip(run.choices["split"], 2 * _MOST_NAME)
    return f"{option} {clip(run.split_hash[:_HASH], _HASH)}".strip()


def _row(run: RunSummary, metric: str | None) -> list[str]:
    shown = run.monitor if metric is None else metric
    return [
        when(run.started),
        clip(run.components["model"], _MOST_NAME) or "-",
        clip(run.choices["dataset"], 2 * _MOST_NAME) or "-",
        run.state,
        clip(shown, _MOST_METRIC) or "-",
        _figure(run.valid, shown),
        _figure(run.test, shown),
    ]


def _figure(metrics: Mapping[str, float] | None, metric: str) -> str:
    return f"{metrics[metric]:.4f}" if metrics and metric in metrics else "-"


def _place(run: RunSummary, output_dir: Path) -> str:
    path = clip(str(run.path.relative_to(output_dir)), _MOST_PATH)
    line = f"  {path}  {split_name(run)}".rstrip()
    return line if len(line) <= WIDTH else f"  {path}\n  {split_name(run)}".rstrip()
