"""The product of a sparse and a dense matrix, which takes most of a training step."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from graphrec_cli.graph.thread_shares import thread_shares


def multiply(
    block: Float[Tensor, "rows columns"], x: Float[Tensor, "columns dim"]
) -> Float[Tensor, "rows dim"]:
    """Multiply a CSR matrix in its own dtype and return the result in the dtype of ``x``.

    On the CPU torch's kernel for embedding bags is several times faster than its kernels for sparse
    matrices, with the same bits in float32. It has no vector instructions for float64.
    """
    if x.device.type == "cpu" and block.dtype != torch.float64:
        return sum_bags(block.crow_indices(), block.col_indices(), block.values(), x)
    gathered = x.to(block.dtype)
    if x.device.type == "cpu":
        product: Tensor = torch.sparse.mm(block, gathered, "sum")
    else:
        product = block @ gathered
    return product.to(x.dtype)


def sum_bags(
    pointers: Int[Tensor, " bounds"],
    indices: Int[Tensor, " entries"],
    values: Float[Tensor, " entries"],
    x: Float[Tensor, "columns dim"],
) -> Float[Tensor, "rows dim"]:
    """Multiply as ``multiply`` does, given the three arrays of a CSR matrix on the CPU.

    A row is a bag of weighted rows of ``x``. bfloat16 bags are summed in float32 and rounded once.
    torch gives all threads the same number of bags, whatever the bags hold, so empty bags are added
    where they make the threads' numbers of entries equal.
    """
    # Detached, because torch would otherwise prepare for a gradient.
    gathered = x.detach().to(values.dtype)
    shares = thread_shares(pointers.numpy(), torch.get_num_threads())
    if shares is None:
        return _embedding_bag(pointers, indices, values, gathered).to(x.dtype)
    longest = max(len(rows) for rows in shares)
    bags, parts = [], []
    for number, rows in enumerate(shares):
        empty = longest - len(rows)
        # Empty bags come before the first share and after the others, so two shares stay adjacent.
        before, after = (empty, 0) if number == 0 else (0, empty)
        bags += [
            pointers[rows.start].expand(before),
            pointers[rows.start : rows.stop],
            pointers[rows.stop].expand(after),
        ]
        first = number * longest + before
        parts.append(slice(first, first + len(rows)))
    sums = _embedding_bag(torch.cat([*bags, pointers[-1:]]), indices, values, gathered)
    if len(parts) == 2:
        return sums[parts[0].start : parts[1].stop].to(x.dtype)
    return torch.cat([sums[part] for part in parts]).to(x.dtype)


def _embedding_bag(pointers: Tensor, indices: Tensor, values: Tensor, x: Tensor) -> Tensor:
    return functional.embedding_bag(
        indices, x, pointers, mode="sum", per_sample_weights=values, include_last_offset=True
    )
