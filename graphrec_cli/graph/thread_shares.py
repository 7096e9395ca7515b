"""Shares of a sparse matrix's rows for the threads that multiply by it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOLERATED = 1.1
"""Largest share, relative to the mean, up to which equal numbers of rows are equal enough."""


def thread_shares(pointers: NDArray[np.integer[Any]], threads: int) -> list[range] | None:
    """Divide the rows of a CSR matrix into ranges with about the same number of entries.

    A range has at most twice as many rows as the mean of all ranges.

    Args:
        pointers: start of each row's entries, then the end of the last row's.

    Returns:
        One range per thread; None if ranges of equally many rows are about as good.
    """
    num_rows, num_entries = len(pointers) - 1, int(pointers[-1])
    equal = -(-num_rows // threads)
    largest = np.diff(pointers[[*range(0, num_rows, equal or 1), num_rows]]).max(initial=0)
    if largest * threads <= _TOLERATED * num_entries:
        return None
    most = 2 * equal
    shares, start = [], 0
    for remaining in range(threads - 1, -1, -1):
        first = int(pointers[start])
        wanted = first + (num_entries - first) // (remaining + 1)
        # Of another type, it would make numpy convert all pointers.
        stop = int(np.searchsorted(pointers, pointers.dtype.type(wanted)))
        if stop > start and pointers[stop] - wanted > wanted - pointers[stop - 1]:
            stop -= 1
        # The last ranges must be able to hold the remaining rows.
        stop = min(max(stop, start, num_rows - remaining * most), start + most, num_rows)
        shares.append(range(start, stop))
        start = stop
    return shares
