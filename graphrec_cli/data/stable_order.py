"""Stable sorting by small whole numbers, in linear time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DIGIT = 16
"""Width in bits of the integers that numpy sorts by counting."""


def stable_order(numbers: NDArray[np.integer]) -> NDArray[np.int64]:
    """``argsort(numbers, kind="stable")`` of numbers from 0, digit by digit from the last one."""
    bits = int(numbers.max(initial=0)).bit_length()
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    for shift in range(_DIGIT, bits, _DIGIT):
        digit = (numbers >> shift).astype(np.uint16)
        order = order[np.argsort(digit[order], kind="stable")]
    return order
