"""The figures of each pair of entries: difference, interval, tests, and those of segments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.results.comparison.bootstrap import percentile_interval
from graphrec_cli.results.comparison.needed import needed_seeds, needed_users
from graphrec_cli.results.comparison.observations import Observations
from graphrec_cli.results.comparison.paired_tests import (
    holm,
    no_worse_p,
    randomisation_p,
    wilcoxon_p,
)
from graphrec_cli.results.comparison.resampled import Resampled
from graphrec_cli.results.comparison.settings import ComparisonSettings


def pair_figures(
    observations: Observations,
    resampled: Resampled,
    entries: Sequence[Mapping[str, Any]],
    margins: Sequence[float | None],
    settings: ComparisonSettings,
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the numbers of two entries, and their figures of a metric, for all pairs and metrics.

    Args:
        entries: ``figures`` and ``segments`` of every entry.
        margins: of every metric; None for no test of "no worse than".
    """
    pairs = list(itertools.combinations(range(len(entries)), 2))
    values = observations.values
    if settings.test == "wilcoxon":
        p = wilcoxon_p(values, pairs)
    else:
        p = randomisation_p(values, pairs, resamples=settings.resamples, seed=settings.seed)
    adjusted = holm(p)
    for row, (first, second) in enumerate(pairs):
        low, high = percentile_interval(
            resampled.means[:, first] - resampled.means[:, second], settings.confidence
        )
        segments = _segments(observations, resampled, entries, (first, second), settings)
        for place, metric in enumerate(settings.metrics):
            difference = values[:, first, place] - values[:, second, place]
            mean = float(difference.mean())
            sds = [entries[entry]["figures"][metric]["sd_of_seeds"] for entry in (first, second)]
            figures: dict[str, Any] = {
                "metric": metric,
                "difference": mean,
                "low": float(low[place]),
                "high": float(high[place]),
                "test": settings.test,
                "p": float(p[row, place]),
                "p_holm": float(adjusted[row, place]),
                "wins": int((difference > 0).sum()),
                "losses": int((difference < 0).sum()),
                "ties": int((difference == 0).sum()),
                "equivalence": _equivalence(difference, margins[place], settings.confidence),
                "needed_users": needed_users(mean, float(difference.std(ddof=1))),
                "needed_seeds": needed_seeds(mean, *sds),
                "segments": segments.get(metric, {}),
            }
            yield first, second, figures


def _equivalence(
    difference: NDArray[np.float64], margin: float | None, confidence: float
) -> dict[str, Any] | None:
    if margin is None:
        return None
    alpha = 1 - confidence
    p, low, high = no_worse_p(difference, margin, alpha)
    return {"margin": margin, "low": low, "high": high, "p": p, "no_worse": p < alpha}


def _segments(
    observations: Observations,
    resampled: Resampled,
    entries: Sequence[Mapping[str, Any]],
    pair: tuple[int, int],
    settings: ComparisonSettings,
) -> dict[str, Any]:
    """``users`` and ``items`` of every metric."""
    if not settings.segments:
        return {}
    users = _differences(resampled.users, entries, "users", settings.metrics, pair, settings)
    recalls = [f"recall@{k}" for k in observations.cutoffs]
    items = _differences(resampled.items, entries, "items", recalls, pair, settings)
    return {
        metric: {
            "users": users[metric],
            "items": items[f"recall@{metric.partition('@')[2] or observations.cutoffs[0]}"],
        }
        for metric in settings.metrics
    }


def _differences(
    resampled: Mapping[str, NDArray[np.float64]],
    entries: Sequence[Mapping[str, Any]],
    kind: str,
    figures: Sequence[str],
    pair: tuple[int, int],
    settings: ComparisonSettings,
) -> dict[str, dict[str, Any]]:
    """For each figure the difference in every segment, with its interval."""
    found: dict[str, dict[str, Any]] = {figure: {} for figure in figures}
    first, second = pair
    for name, of_segment in resampled.items():
        low, high = percentile_interval(
            of_segment[:, first] - of_segment[:, second], settings.confidence
        )
        ours, theirs = (entries[entry]["segments"][kind][name]["figures"] for entry in pair)
        for place, figure in enumerate(figures):
            found[figure][name] = {
                "metric": figure,
                "difference": ours[figure] - theirs[figure],
                "low": float(low[place]),
                "high": float(high[place]),
            }
    return found
