"""From the ranks of held-out pairs to a value for every user, entry and metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.evaluation.metrics import MISS, per_user_metrics
from graphrec_cli.evaluation.segments import SEGMENTS, thirds

_DECIMALS = 12
"""A mean over seeds depends in its last bits on their order; equal values must stay ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRanks:
    """Held-out pairs of a split, and their ranks in every run.

    Attributes:
        train: train pairs of the split.
        user_index, item_index: int32, shape (pairs,).
        ranks: for each entry the ranks of each of its runs: int64, 0-based, ``MISS`` for an item
            that counts as never found, shape (pairs,).
    """

    train: UserItems
    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    ranks: list[list[NDArray[np.int64]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Users with their values; a user of two splits is two users.

    Attributes:
        values: mean over the runs of an entry, shape (users, entries, metrics).
        run_means: for each entry and split the metrics of its runs, shape (runs, metrics).
        activity: train items of every user, shape (users,).
        cutoffs: cut-offs k of ``found``.
        pairs: held-out pairs of every user with an item of the head, the middle and the tail,
            shape (users, 3).
        found: how many of them have a rank below the cut-off, as a mean over the runs of an entry,
            shape (users, entries, cutoffs, 3).
        popularity: least and largest number of train users of the items of each segment with a
            held-out pair; (0, 0) for a segment without one. Shape (3, 2).
        places: 1-based ranks of each entry, in all runs and splits; misses are left out.
        missed: share of each entry's pairs that are misses.
    """

    values: NDArray[np.float64]
    run_means: list[list[NDArray[np.float64]]]
    activity: NDArray[np.int64]
    cutoffs: list[int]
    pairs: NDArray[np.int64]
    found: NDArray[np.float64]
    popularity: NDArray[np.int64]
    places: list[NDArray[np.int64]]
    missed: list[float]

    def in_order(self, order: Sequence[int]) -> Observations:
        """The same with the entries in another order."""
        return replace(
            self,
            values=self.values[:, order],
            found=self.found[:, order],
            run_means=[self.run_means[entry] for entry in order],
            places=[self.places[entry] for entry in order],
            missed=[self.missed[entry] for entry in order],
        )


def observe(
    splits: Sequence[SplitRanks],
    metrics: Sequence[str],
    cutoffs: Sequence[int],
    map_denominator: MapDenominator,
) -> Observations:
    """Compute the metrics of every user of every split.

    Args:
        splits: the same entries in each.
        metrics: keys such as ``ndcg@10``.
        cutoffs: for the shares of pairs that are found.
        map_denominator: the denominator of map@k.
    """
    parts = [_observe_split(split, metrics, cutoffs, map_denominator) for split in splits]
    values, run_means, pairs, found, segments, degrees = zip(*parts, strict=True)
    places = [
        np.concatenate([rank for of_split in by_split for rank in of_split])
        for by_split in zip(*(split.ranks for split in splits), strict=True)
    ]
    return Observations(
        values=np.concatenate(values),
        run_means=[list(of_entry) for of_entry in zip(*run_means, strict=True)],
        activity=np.concatenate(
            [split.train.user_degree[np.unique(split.user_index)] for split in splits]
        ),
        cutoffs=list(cutoffs),
        pairs=np.concatenate(pairs),
        found=np.concatenate(found),
        popularity=_range_of_each(np.concatenate(segments), np.concatenate(degrees)),
        places=[ranks[ranks != MISS] + 1 for ranks in places],
        missed=[float((ranks == MISS).mean()) for ranks in places],
    )


class _OfSplit(NamedTuple):
    """The part of ``Observations`` that is from one split."""

    values: NDArray[np.float64]
    run_means: list[NDArray[np.float64]]
    pairs: NDArray[np.int64]
    found: NDArray[np.float64]
    segment: NDArray[np.intp]
    degree: NDArray[np.int64]


def _observe_split(
    split: SplitRanks,
    metrics: Sequence[str],
    cutoffs: Sequence[int],
    map_denominator: MapDenominator,
) -> _OfSplit:
    users, row = np.unique(split.user_index, return_inverse=True)
    degree = split.train.item_degree
    segment = thirds(degree, degree)[split.item_index]
    shape = (len(users), len(SEGMENTS))

    def by_cell(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        cell = row * shape[1] + segment
        sums = np.bincount(cell, weight, minlength=shape[0] * shape[1]).astype(np.float64)
        return sums.reshape(shape)

    values, run_means, found = [], [], []
    for ranks in split.ranks:
        by_run = np.stack(
            [_metrics(split.user_index, rank, metrics, map_denominator) for rank in ranks]
        )
        values.append(by_run.mean(axis=0).round(_DECIMALS))
        run_means.append(by_run.mean(axis=1))
        hits = [np.mean([rank < k for rank in ranks], axis=0) for k in cutoffs]
        found.append(np.stack([by_cell(of_cutoff) for of_cutoff in hits], axis=1))
    return _OfSplit(
        values=np.stack(values, axis=1),
        run_means=run_means,
        pairs=by_cell(np.ones(len(row))).astype(np.int64),
        found=np.stack(found, axis=1),
        segment=segment,
        degree=degree[split.item_index],
    )


def _metrics(
    user_index: NDArray[np.int32],
    rank: NDArray[np.int64],
    metrics: Sequence[str],
    map_denominator: MapDenominator,
) -> NDArray[np.float64]:
    """Values of shape (users, metrics), users in ascending order."""
    ks = sorted({int(name.partition("@")[2]) for name in metrics if "@" in name})
    _, values = per_user_metrics(user_index, rank, ks=ks, map_denominator=map_denominator)
    return np.stack([values[name] for name in metrics], axis=1)


def _range_of_each(segment: NDArray[np.intp], degree: NDArray[np.int64]) -> NDArray[np.int64]:
    own = [degree[segment == number] for number in range(len(SEGMENTS))]
    return np.array([(each.min(), each.max()) if len(each) else (0, 0) for each in own])
