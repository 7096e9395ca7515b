"""Distinct values of an array."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.generic)


def distinct(values: NDArray[Value]) -> NDArray[Value]:
    """The distinct values, ascending; NaN counts as one value and comes last."""
    # Without counts, numpy hashes the values, which takes 20 to 80 times as long as sorting them.
    found: NDArray[Value] = np.unique(values, return_counts=True)[0]
    return found
