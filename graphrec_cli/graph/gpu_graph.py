"""The graph on a GPU, and its product with a table of all nodes as one Triton kernel.

torch's product on a GPU, cuSPARSE's, takes several kernels, and as many more to add to it.
"""

from __future__ import annotations

from typing import Any, no_type_check

import torch
import triton
import triton.language as tl
from jaxtyping import Bool, Float
from torch import Tensor

from graphrec_cli.graph.adjacency import NormalizedAdjacency

_HEAVY_ROW = 128
"""Entries above which several warps share a row."""
_ENTRIES_AND_WARPS = {"heavy": (128, 8), "light": (16, 1)}
_MOST_COLUMNS = 64


@triton.jit
@no_type_check
def _add_product(
    rows,
    pointers,
    indices,
    values,
    x,
    base,
    out,
    wanted,
    read,
    scale,
    dim,
    ENTRIES: tl.constexpr,
    COLUMNS: tl.constexpr,
    ONLY_WANTED: tl.constexpr,
    ONLY_READ: tl.constexpr,
):
    """Compute one row of (A x + base) * scale, ENTRIES entries of A at a time."""
    row = tl.load(rows + tl.program_id(0)).to(tl.int64)
    start = tl.load(pointers + row)
    stop = tl.load(pointers + row + 1)
    columns = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    stored = columns < dim
    if ONLY_WANTED:
        is_wanted = tl.load(wanted + row) != 0
        stop = tl.where(is_wanted, stop, start)
        stored = stored & is_wanted
    total = tl.zeros([ENTRIES, COLUMNS], dtype=tl.float32)
    for first in range(start, stop, ENTRIES):
        entry = first + tl.arange(0, ENTRIES)
        is_entry = entry < stop
        index = tl.load(indices + entry, mask=is_entry, other=0).to(tl.int64)
        if ONLY_READ:
            is_entry = is_entry & (tl.load(read + index, mask=is_entry, other=0) != 0)
        value = tl.load(values + entry, mask=is_entry, other=0.0).to(tl.float32)
        gathered = tl.load(
            x + index[:, None] * dim + columns[None, :],
            mask=is_entry[:, None] & stored[None, :],
            other=0.0,
        )
        total += gathered.to(tl.float32) * value[:, None]
    place = row * dim + columns
    added = tl.load(base + place, mask=stored, other=0.0)
    tl.store(out + place, (tl.sum(total, axis=0) + added) * scale, mask=stored)


class GPUGraph:
    """The normalized adjacency of all nodes, users first, on a GPU.

    Sums are taken in float32 and always in the same order.
    """

    def __init__(self, norm_adj: NormalizedAdjacency) -> None:
        """Join the two blocks of ``norm_adj``, which is on a GPU, in float32 or bfloat16."""
        user_item, item_user = norm_adj
        pointers = [block.crow_indices() for block in norm_adj]
        self._pointers = torch.cat([pointers[0], pointers[1][1:].long() + user_item._nnz()])
        self._indices = torch.cat(
            [user_item.col_indices() + norm_adj.num_users, item_user.col_indices()]
        )
        self._values = torch.cat([block.values() for block in norm_adj])
        degree = self._pointers.diff()
        # The longest rows first, so that the last to end are short.
        order = degree.argsort(descending=True)
        num_heavy = int((degree > _HEAVY_ROW).sum())
        self._rows = {"heavy": order[:num_heavy].int(), "light": order[num_heavy:].int()}
        self.num_nodes = len(degree)

    def add_product(
        self,
        x: Float[Tensor, "nodes dim"],
        base: Float[Tensor, "nodes dim"],
        *,
        scale: float = 1.0,
        wanted: Bool[Tensor, " nodes"] | None = None,
        read: Bool[Tensor, " nodes"] | None = None,
    ) -> Float[Tensor, "nodes dim"]:
        """Compute (A x + base) * scale in float32.

        Args:
            x: read in the dtype of the adjacency.
            base: float32.
            wanted: compute only these rows; the others are left uninitialised.
            read: the rows of ``x`` that may differ from 0; None for all.
        """
        table, base = x.to(self._values.dtype).contiguous(), base.contiguous()
        out = torch.empty_like(base)
        dim = x.shape[1]
        columns = min(triton.next_power_of_2(dim), _MOST_COLUMNS)
        kernel: Any = _add_product
        for kind, rows in self._rows.items():
            if not len(rows):
                continue
            entries, warps = _ENTRIES_AND_WARPS[kind]
            kernel[(len(rows), triton.cdiv(dim, columns))](
                rows,
                self._pointers,
                self._indices,
                self._values,
                table,
                base,
                out,
                rows if wanted is None else wanted,
                rows if read is None else read,
                scale,
                dim,
                ENTRIES=entries,
                COLUMNS=columns,
                ONLY_WANTED=wanted is not None,
                ONLY_READ=read is not None,
                num_warps=warps,
            )
        return out
