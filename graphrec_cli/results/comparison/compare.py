"""Compare entries user by user: figures with intervals, and a test for every pair and metric."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphrec_cli.evaluation.segments import thirds
from graphrec_cli.results.comparison.entry_figures import entry_figures
from graphrec_cli.results.comparison.observations import Observations
from graphrec_cli.results.comparison.pair_figures import pair_figures
from graphrec_cli.results.comparison.resampled import resample
from graphrec_cli.results.comparison.settings import ComparisonSettings


def rank_entries(observations: Observations, labels: Sequence[str]) -> list[int]:
    """The numbers of the entries, that with the highest mean of the first metric first."""
    means = observations.values[:, :, 0].mean(axis=0)
    return sorted(range(len(labels)), key=lambda entry: (-means[entry], labels[entry]))


def compare(observations: Observations, settings: ComparisonSettings) -> dict[str, Any]:
    """The figures of the entries and of their pairs.

    Args:
        observations: the entries in the order of their rank.
        settings: how they are compared.

    Returns:
        ``users``, ``margin``, ``entries`` (each with ``name``, ``figures`` and ``segments``) and
        ``pairs``, as docs/compare.md describes them.
    """
    activity = observations.activity
    segment = thirds(activity, np.ones_like(activity)) if settings.segments else None
    resampled = resample(observations, segment, resamples=settings.resamples, seed=settings.seed)
    margins = _margins(observations, settings)
    entries = entry_figures(observations, resampled, segment, settings)
    names = [entry_name(number) for number in range(len(entries))]
    return {
        "users": len(observations.values),
        "margin": margins[0],
        "entries": [
            {"name": name, **figures} for name, figures in zip(names, entries, strict=True)
        ],
        "pairs": [
            {"a": names[first], "b": names[second], **figures}
            for first, second, figures in pair_figures(
                observations, resampled, entries, margins, settings
            )
        ],
    }


def entry_name(number: int) -> str:
    """A, B, ..., Z, AA, AB and so on.

    Args:
        number: from 0.
    """
    letters = ""
    number += 1
    while number:
        number, place = divmod(number - 1, len(string.ascii_uppercase))
        letters = string.ascii_uppercase[place] + letters
    return letters


def _margins(observations: Observations, settings: ComparisonSettings) -> list[float | None]:
    """The margin of each metric."""
    if settings.margin is None:
        return [None] * len(settings.metrics)
    best = observations.values[:, 0].mean(axis=0)
    return [settings.margin * (float(mean) if settings.relative else 1) for mean in best]
