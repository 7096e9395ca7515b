"""Pairs in two parts of a split: the model would be tested on pairs that it learned from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems

SHARED_PAIRS = "pairs-shared-between-parts"
"""The audit code at the start of messages about such pairs."""


def describe_shared_pairs(parts: Mapping[str, UserItems]) -> str | None:
    """How many pairs the parts share, and what to do; None without shared pairs.

    Args:
        parts: by name, all of the same number of users and items.
    """
    keys = {name: part.pair_keys() for name, part in parts.items()}
    shared = {
        f"{first} and {second}": count_shared(keys[first], keys[second])
        for first, second in combinations(keys, 2)
    }
    said = [f"{count:,} in {names}" for names, count in shared.items() if count]
    if not said:
        return None
    return (
        f"{sum(shared.values()):,} user-item pairs lie in two parts of the split "
        f"({', '.join(said)}); keep each once"
    )


def count_shared(first: NDArray[np.int64], second: NDArray[np.int64]) -> int:
    """How many numbers two ascending arrays of distinct ones have in common."""
    few, many = sorted((first, second), key=len)
    if not len(few):
        return 0
    place = np.searchsorted(many, few).clip(max=len(many) - 1)
    return int(np.count_nonzero(many[place] == few))
