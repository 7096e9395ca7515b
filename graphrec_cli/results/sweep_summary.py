"""The figures of a sweep: mean and spread over seeds, ranked by the valid part alone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Result = Mapping[str, Any]
"""What a sweep's folder has in ``results`` for a run."""

_OF_A_GROUP = ("seed", "fold")
"""Last parts of keys in which runs of one group differ."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric over the runs of a group.

    Attributes:
        mean: of the runs that have the metric.
        sd: sample standard deviation; None for one run.
    """

    mean: float
    sd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Completed runs that differ in seeds or folds alone.

    Attributes:
        values: the swept values that they share.
        runs: their numbers, from 1.
        valid: valid metrics; empty without a valid part.
        test: test metrics; empty without a test part.
        baselines: the test metrics of every baseline, by its name.
    """

    values: dict[str, str]
    runs: list[int]
    valid: dict[str, Figure]
    test: dict[str, Figure]
    baselines: dict[str, dict[str, Figure]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Groups whose figures are about the same data, split and metric.

    Attributes:
        metric: the valid metric that ranks them, of ``trainer.monitor``.
        lower_is_better: whether a smaller value is the better one.
        groups: best first; in the order of the runs without a valid part.
    """

    metric: str
    lower_is_better: bool
    groups: list[Group]

    @property
    def selected(self) -> Group | None:
        """The best group; None without a valid part."""
        return next((group for group in self.groups if self.metric in group.valid), None)


def rank_runs(results: Sequence[Result]) -> list[Ranking]:
    """Gather the completed runs in groups, and rank those that can be compared.

    Args:
        results: of the runs so far, by number.
    """
    completed = [result for result in results if result["metrics"] is not None]
    rankings = []
    for first in dict.fromkeys(result["ranked_with"] for result in completed):
        runs = [result for result in completed if result["ranked_with"] == first]
        metric, lower = runs[0]["monitor"], bool(runs[0]["lower_is_better"])

        def loss(group: Group, metric: str = metric, lower: bool = lower) -> float:
            if metric not in group.valid:
                return math.inf
            return group.valid[metric].mean * (1 if lower else -1)

        groups = sorted(map(_group, _same_values(runs)), key=loss)
        rankings.append(Ranking(metric=metric, lower_is_better=lower, groups=groups))
    return rankings


def shared_values(groups: Sequence[Group]) -> dict[str, str]:
    """The values that are the same in all groups."""
    first = groups[0].values
    return {
        key: value
        for key, value in first.items()
        if all(group.values.get(key) == value for group in groups)
    }


def name_runs(numbers: Collection[int]) -> str:
    """Runs by their numbers, such as ``run 1`` and ``runs 1-3, 7``."""
    return f"run{'s' if len(numbers) > 1 else ''} {describe_numbers(numbers)}"


def describe_numbers(numbers: Iterable[int]) -> str:
    """Numbers in a few characters, such as ``1-3, 7``."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _same_values(runs: Sequence[Result]) -> list[list[Result]]:
    """Runs by their values; a search may draw the same values twice, which are no two seeds."""
    groups: dict[tuple[object, ...], list[Result]] = {}
    seen: list[dict[str, str]] = []
    for run in runs:
        repeats = seen.count(run["values"])
        seen.append(run["values"])
        groups.setdefault((repeats, *_values(run).items()), []).append(run)
    return list(groups.values())


def _values(run: Result) -> dict[str, str]:
    """The swept values of a run, without seeds and folds."""
    return {
        key: value
        for key, value in run["values"].items()
        if key.rpartition(".")[2] not in _OF_A_GROUP
    }


def _group(runs: Sequence[Result]) -> Group:
    metrics = [run["metrics"] for run in runs]
    names = dict.fromkeys(name for content in metrics for name in content["baselines"])
    return Group(
        values=_values(runs[0]),
        runs=[run["number"] + 1 for run in runs],
        valid=_figures(content["valid"] for content in metrics),
        test=_figures(content["test"] for content in metrics),
        baselines={
            name: _figures(content["baselines"].get(name) for content in metrics) for name in names
        },
    )


def _figures(of_runs: Iterable[Mapping[str, float] | None]) -> dict[str, Figure]:
    values: dict[str, list[float]] = {}
    for metrics in of_runs:
        for name, value in (metrics or {}).items():
            values.setdefault(name, []).append(value)
    return {
        name: Figure(
            statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else None
        )
        for name, numbers in values.items()
    }
