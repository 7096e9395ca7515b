"""The figures of a comparison in every resample of the users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.evaluation.segments import SEGMENTS
from graphrec_cli.results.comparison.bootstrap import resampled_sums
from graphrec_cli.results.comparison.observations import Observations


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """Figures by resample.

    Attributes:
        means: shape (resamples, entries, metrics).
        users: the same over the users of each segment, by its name.
        items: share of the pairs with an item of each segment that are found, shape (resamples,
            entries, cutoffs), by its name. Segments without users or pairs are left out.
    """

    means: NDArray[np.float64]
    users: dict[str, NDArray[np.float64]]
    items: dict[str, NDArray[np.float64]]


def resample(
    observations: Observations,
    user_segment: NDArray[np.intp] | None,
    *,
    resamples: int,
    seed: int,
) -> Resampled:
    """Draw users with replacement, and compute all figures of the same draw.

    Args:
        user_segment: index into ``SEGMENTS`` of every user; None without segments.
        resamples: number of resamples.
        seed: random seed of the draws.
    """
    users = len(observations.values)
    numerators: list[NDArray[np.float64]] = [observations.values]
    denominators: list[NDArray[np.float64]] = [np.ones(users)]
    names: list[tuple[str, str]] = [("", "")]
    for number, name in enumerate(SEGMENTS):
        if user_segment is None:
            break
        inside = np.equal(user_segment, number).astype(np.float64)
        numerators += [observations.values * inside[:, None, None], observations.found[..., number]]
        denominators += [inside, observations.pairs[:, number].astype(np.float64)]
        names += [("users", name), ("items", name)]
    kept = [place for place, column in enumerate(denominators) if column.any()]
    columns = [numerators[place].reshape(users, -1) for place in kept]
    counts = np.stack([denominators[place] for place in kept], axis=1)
    sums = resampled_sums(np.hstack([*columns, counts]), resamples=resamples, seed=seed)

    figures: dict[tuple[str, str], NDArray[np.float64]] = {}
    first = 0
    with np.errstate(invalid="ignore"):  # a resample without a user of the segment
        for row, place in enumerate(kept):
            width = columns[row].shape[1]
            count = sums[:, sums.shape[1] - len(kept) + row, None]
            ratio = sums[:, first : first + width] / count
            figures[names[place]] = ratio.reshape(resamples, *numerators[place].shape[1:])
            first += width
    return Resampled(
        means=figures.pop(names[0]),
        users={name: figure for (kind, name), figure in figures.items() if kind == "users"},
        items={name: figure for (kind, name), figure in figures.items() if kind == "items"},
    )
