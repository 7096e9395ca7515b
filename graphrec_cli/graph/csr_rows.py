"""Picking rows out of a sparse matrix that is kept row by row."""

from __future__ import annotations

import torch
from jaxtyping import Int, Int64
from torch import Tensor


def take_rows(
    pointers: Int[Tensor, " bounds"], rows: Int64[Tensor, " taken"]
) -> tuple[Int[Tensor, " taken_bounds"], Int[Tensor, " entries"]]:
    """Where the entries of these rows lie, in this order, each row as often as it is named.

    Args:
        pointers: where each row's entries begin, and where the last one's end.
        rows: rows to take.

    Returns:
        the pointers of a matrix of these rows alone, and the places of its entries in the old one.
    """
    first = pointers.index_select(0, rows)
    length = pointers.index_select(0, rows + 1) - first
    taken = pointers.new_zeros(len(rows) + 1)
    torch.cumsum(length, 0, dtype=pointers.dtype, out=taken[1:])
    entries = torch.repeat_interleave(first - taken[:-1], length)
    entries += torch.arange(len(entries), dtype=pointers.dtype, device=pointers.device)
    return taken, entries
