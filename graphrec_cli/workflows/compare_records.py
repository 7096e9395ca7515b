"""What a comparison takes from the records of its runs: curves and baselines."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.results.comparison.entries import ComparedRun
from graphrec_cli.rundir.history import read_history


def curves_of(run: ComparedRun, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """The curve of a run that was trained; none for lists and for closed forms.

    Args:
        metrics: the validation metrics that are wanted, as far as the run computed them.

    Raises:
        OutputError: a file cannot be read.
    """
    if not isinstance(run.source, SavedConfig):
        return []
    history = read_history(run.directory.history)
    if not history:
        return []
    valid = [row["valid"] or {} for row in history]
    known = [name for name in metrics if any(name in values for values in valid)]
    selected = run.directory.read(run.directory.metrics).get("selected_epoch")
    return [
        {
            "run": str(run.directory.path),
            "epoch": [row["epoch"] for row in history],
            "loss": [row["loss"] for row in history],
            "valid": {name: [values.get(name) for values in valid] for name in known},
            "selected_epoch": selected if type(selected) is int else None,
        }
    ]


def baselines_of(
    runs: Sequence[ComparedRun], metrics: Sequence[str]
) -> dict[str, dict[str, float]]:
    """The baselines on the split that all runs share, by name; empty for several splits.

    They are means over the runs, whose seeds break ties in different ways.

    Raises:
        OutputError: a metrics.json cannot be read.
    """
    found = [
        _baselines(run.directory.read(run.directory.metrics), metrics)
        for run in runs
        if isinstance(run.source, SavedConfig)
    ]
    if not found or len({run.split_hash for run in runs}) > 1:
        return {}
    means: dict[str, dict[str, float]] = {}
    for name, figures in found[0].items():
        shared = [key for key in figures if all(key in own.get(name, {}) for own in found)]
        if shared:
            means[name] = {key: fmean(own[name][key] for own in found) for key in shared}
    return means


def _baselines(content: dict[str, Any], metrics: Sequence[str]) -> dict[str, dict[str, float]]:
    baselines = content.get("baselines")
    if not isinstance(baselines, dict):
        return {}
    return {
        name: {key: float(value) for key, value in values.items() if key in metrics}
        for name, values in baselines.items()
        if isinstance(values, dict) and all(map(_is_figure, values.values()))
    }


def _is_figure(value: object) -> bool:
    # A whole number of a JSON file may be too large for a float.
    return isinstance(value, int | float) and abs(value) < 1e300
