"""The figures of each entry: mean, interval, spread over seeds, and those of segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.evaluation.segments import SEGMENTS
from graphrec_cli.results.comparison.bootstrap import percentile_interval
from graphrec_cli.results.comparison.observations import Observations
from graphrec_cli.results.comparison.resampled import Resampled
from graphrec_cli.results.comparison.settings import ComparisonSettings


def entry_figures(
    observations: Observations,
    resampled: Resampled,
    segment: NDArray[np.intp] | None,
    settings: ComparisonSettings,
) -> list[dict[str, Any]]:
    """``figures`` of every entry, and its ``segments`` where users have segments."""
    means = observations.values.mean(axis=0)
    low, high = percentile_interval(resampled.means, settings.confidence)
    entries: list[dict[str, Any]] = []
    for entry in range(means.shape[0]):
        sds = sd_of_seeds(observations.run_means[entry])
        figures = {
            metric: {
                "mean": float(means[entry, place]),
                "low": float(low[entry, place]),
                "high": float(high[entry, place]),
                "sd_of_seeds": None if sds is None else float(sds[place]),
            }
            for place, metric in enumerate(settings.metrics)
        }
        entries.append({"figures": figures, "segments": {}})
        if segment is not None:
            entries[-1]["segments"] = {
                "users": _of_users(observations, segment, entry, settings.metrics),
                "items": _of_items(observations, entry),
            }
    return entries


def sd_of_seeds(of_splits: Sequence[NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """The standard deviation of runs of the same split, pooled over the splits.

    Args:
        of_splits: metrics of the runs of each split, shape (runs, metrics).

    Returns:
        One value for each metric, shape (metrics,); None if no split has two runs.
    """
    freedom = sum(len(runs) - 1 for runs in of_splits)
    if not freedom:
        return None
    squares = [((runs - runs.mean(axis=0)) ** 2).sum(axis=0) for runs in of_splits]
    pooled: NDArray[np.float64] = np.sqrt(np.sum(squares, axis=0) / freedom)
    return pooled


def _of_users(
    observations: Observations, segment: NDArray[np.intp], entry: int, metrics: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, name in enumerate(SEGMENTS):
        inside = segment == number
        if inside.any():
            degree = observations.activity[inside]
            means = observations.values[inside, entry].mean(axis=0)
            found[name] = {
                "users": int(inside.sum()),
                "degrees": [int(degree.min()), int(degree.max())],
                "figures": dict(zip(metrics, means.tolist(), strict=True)),
            }
    return found


def _of_items(observations: Observations, entry: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pairs = observations.pairs.sum(axis=0)
    hits = observations.found[:, entry].sum(axis=0)
    for number, name in enumerate(SEGMENTS):
        if pairs[number]:
            shares = (hits[:, number] / pairs[number]).tolist()
            found[name] = {
                "pairs": int(pairs[number]),
                "degrees": observations.popularity[number].tolist(),
                "figures": {
                    f"recall@{k}": share
                    for k, share in zip(observations.cutoffs, shares, strict=True)
                },
            }
    return found
