"""The product of a sparse and a dense matrix, which takes most of a training step."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from graphrec_cli.graph.thread_shares import thread_shares

_SUMMED_AS_BAGS = (torch.float32, torch.bfloat16)
"""Types that torch's kernel for embedding bags sums with vector instructions."""


def multiply(
    block: Float[Tensor, "rows columns"], x: Float[Tensor, "columns dim"]
) -> Float[Tensor, "rows dim"]:
    """Multiply in the dtype of ``block`` and return the result in the dtype of ``x``.

    ``block`` is CSR. On the CPU its rows are treated as bags of weighted rows of ``x``, because
    torch's kernel for embedding bags is several times faster than its kernels for sparse matrices.
    bfloat16 rows are summed in float32 and rounded once.
    """
    gathered = x.to(block.dtype)
    if x.device.type != "cpu":
        product: Tensor = block @ gathered
    elif block.dtype in _SUMMED_AS_BAGS:
        product = sum_bags(
            block.crow_indices(), block.col_indices(), block.values(), gathered.contiguous()
        )
    else:
        product = torch.sparse.mm(block, gathered, "sum")
    return product.to(x.dtype)


def sum_bags(
    pointers: Int[Tensor, " bounds"],
    indices: Int[Tensor, " entries"],
    values: Float[Tensor, " entries"],
    x: Float[Tensor, "columns dim"],
) -> Float[Tensor, "rows dim"]:
    """Multiply a CSR matrix by ``x`` on the CPU; ``values`` and ``x`` have the same dtype.

    torch gives all threads the same number of bags, so that one thread may get most of the entries.
    Empty bags are added where they make the threads' entries equal.
    """
    shares = thread_shares(pointers.numpy(), torch.get_num_threads())
    if shares is None:
        return _embedding_bag(pointers, indices, values, x)
    longest = max(len(rows) for rows in shares)
    bags, parts, start = [], [], 0
    for number, rows in enumerate(shares):
        empty = longest - len(rows)
        # Empty bags come before the first share and after the others: two shares stay adjacent.
        before, after = (empty, 0) if number == 0 else (0, empty)
        bags += [
            pointers[rows.start].expand(before),
            pointers[rows.start : rows.stop],
            pointers[rows.stop].expand(after),
        ]
        parts.append(slice(start + before, start + before + len(rows)))
        start += longest
    sums = _embedding_bag(torch.cat([*bags, pointers[-1:]]), indices, values, x)
    if len(parts) == 2:
        return sums[parts[0].start : parts[1].stop]
    return torch.cat([sums[part] for part in parts])


def _embedding_bag(pointers: Tensor, indices: Tensor, values: Tensor, x: Tensor) -> Tensor:
    return functional.embedding_bag(
        indices, x, pointers, mode="sum", per_sample_weights=values, include_last_offset=True
    )
