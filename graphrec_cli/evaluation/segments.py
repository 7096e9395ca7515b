"""Head, middle and tail: users by their activity, items by their popularity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEGMENTS = ("head", "middle", "tail")


def thirds(degree: NDArray[np.integer], weight: NDArray[np.integer]) -> NDArray[np.intp]:
    """Cut by degree into three parts of about the same weight; equal degrees stay together.

    An element is in the head if all those of a larger degree weigh less than a third of the total,
    in the middle if they weigh less than two thirds, and in the tail otherwise.

    Args:
        degree: of every element, shape (elements,).
        weight: of every element, at least 0, shape (elements,): ones cut into thirds of elements,
            the degrees into thirds of interactions.

    Returns:
        Index into ``SEGMENTS`` of every element, shape (elements,).
    """
    values, place = np.unique(degree, return_inverse=True)
    own = np.bincount(place, weights=weight, minlength=len(values))
    above = own.sum() - np.cumsum(own)
    # Thrice the weight is exact, a third of it is not.
    bounds = np.array([1, 2]) * own.sum()
    segment: NDArray[np.intp] = (3 * above[:, None] >= bounds).sum(axis=1)
    return segment[place]
