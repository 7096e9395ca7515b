"""Figures beyond accuracy for the screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec_cli.evaluation.segments import SEGMENTS
from graphrec_cli.reporting.tables import text_table, wrap

_DECIMALS = {"coverage": 4, "gini": 4, "popularity": 1, "novelty": 2, "diversity": 4}


def beyond_lines(models: Mapping[str, Mapping[str, Any]], monitor: str) -> list[str]:
    """A row for each model at one cut-off, and the monitored metric by the activity of users.

    Args:
        models: for each heading, ``lists`` and ``by_activity`` of ``BeyondAccuracy``; of the first
            also the metric is shown.
        monitor: metric such as ``ndcg@10``; its cut-off is shown, or the smallest one.
    """
    first = next(iter(models.values()))
    cutoffs = {int(key.partition("@")[2]) for key in first["lists"]}
    if not cutoffs:
        return []
    own = int(monitor.partition("@")[2] or min(cutoffs))
    k = own if own in cutoffs else min(cutoffs)
    names = [name for name in _DECIMALS if f"{name}@{k}" in first["lists"]]
    rows = [
        [heading, *(_cell(figures["lists"], name, k) for name in names)]
        for heading, figures in models.items()
    ]
    lines = text_table([f"top {k}", *names], rows).splitlines()
    by_activity = first["by_activity"]
    if monitor in by_activity["gap"] and len(by_activity) > 2:
        shown = [name for name in (*SEGMENTS, "gap") if name in by_activity]
        values = ", ".join(f"{name} {by_activity[name][monitor]:.4f}" for name in shown)
        lines += wrap(f"{monitor} by user activity: {values}").splitlines()
    return lines


def _cell(lists: Mapping[str, float], name: str, k: int) -> str:
    value = lists.get(f"{name}@{k}")
    return "-" if value is None else f"{value:.{_DECIMALS[name]}f}"
