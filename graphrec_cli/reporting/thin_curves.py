"""Fewer points of a training curve, so that many curves fit into one file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def kept_epochs(
    epochs: Sequence[int], validated: Sequence[bool], selected: int | None, points: int
) -> list[int]:
    """Positions of the epochs that a thinned curve keeps, in ascending order.

    The first, the last and the selected epoch are always kept. If epochs without validation
    alternate with validated ones, the validated ones come first: their metrics would be lost.

    Args:
        epochs: epoch of each point, ascending.
        validated: whether each point has a valid metric.
        selected: epoch that the run selected; None without a selection.
        points: number of points to keep beside those three.
    """
    everything = np.arange(len(epochs))
    if len(epochs) <= points:
        return everything.tolist()
    with_metric = everything[np.asarray(validated, dtype=bool)]
    if len(with_metric) > points:
        kept = _evenly(with_metric, points)
    else:
        kept = np.union1d(with_metric, _evenly(everything, points - len(with_metric)))
    ends = everything[[0, -1]]
    chosen = everything[np.asarray(epochs) == selected] if selected is not None else ends
    thinned: list[int] = np.unique(np.concatenate([kept, ends, chosen])).tolist()
    return thinned


def _evenly(positions: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """This many of the positions, evenly spaced."""
    return positions[np.linspace(0, len(positions) - 1, number).round().astype(np.int64)]
