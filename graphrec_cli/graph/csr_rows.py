"""Row selection from a CSR matrix."""

from __future__ import annotations

import torch
from jaxtyping import Int, Int64
from torch import Tensor


def take_rows(
    pointers: Int[Tensor, " bounds"], rows: Int64[Tensor, " taken"]
) -> tuple[Int[Tensor, " taken_bounds"], Int[Tensor, " entries"]]:
    """Locate the entries of the given rows, in the given order; rows may repeat.

    Args:
        pointers: start of each row's entries, then the end of the last row's.
        rows: row indices.

    Returns:
        The pointers of the matrix of these rows, and the positions of its entries in the original.
    """
    first = pointers.index_select(0, rows)
    length = pointers.index_select(0, rows + 1) - first
    taken = pointers.new_zeros(len(rows) + 1)
    torch.cumsum(length, 0, dtype=pointers.dtype, out=taken[1:])
    entries = torch.repeat_interleave(first - taken[:-1], length)
    entries += torch.arange(len(entries), dtype=pointers.dtype, device=pointers.device)
    return taken, entries
