"""Approximate leading right singular vectors of a sparse matrix, in few passes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from graphrec_cli.graph.sparse_product import multiply

_EXTRA = 64
"""Vectors beyond those asked for, which make these more accurate."""
_PASSES = 8
_COLUMNS = 64
"""Vectors in a product, few enough for the caches to hold what a row gathers."""
_RANK_TOLERANCE = 1e-6
"""Squared singular values below it are taken for rounding errors."""


def memory_of_iteration(rows: int, columns: int, number: int) -> int:
    """Bytes that ``approximate_singular_vectors`` takes at most, beside the matrix itself."""
    width = min(columns, number + _EXTRA)
    # Of the values per vector some belong to an eigenproblem in float64.
    return 4 * width * (rows + 5 * columns + 12 * width)


def approximate_singular_vectors(
    matrix: Float[Tensor, "rows columns"],
    transposed: Float[Tensor, "columns rows"],
    number: int,
    generator: torch.Generator,
) -> Float[Tensor, "columns number"]:
    """Orthonormal vectors near the right singular vectors of the largest singular values.

    Randomized subspace iteration (Halko, Martinsson and Tropp, "Finding structure with randomness",
    SIAM Review 2011, algorithm 4.4), with a fixed number of passes. Directions with well-separated
    singular values are found to many digits; where the values lie close together around the last
    one, which of their directions come first is left to chance.

    Args:
        matrix: sparse CSR on the CPU, float32, of spectral norm about 1.
        transposed: its transpose, sparse CSR.
        number: at most the number of columns.
        generator: of the random vectors to begin with, on the CPU.

    Returns:
        the vectors, the largest singular value first; columns of zeros beyond the rank.
    """
    columns = matrix.shape[1]
    width = min(columns, number + _EXTRA)

    def gram(x: Tensor) -> Tensor:
        parts = (part.contiguous() for part in x.split(_COLUMNS, dim=1))
        return torch.cat([multiply(transposed, multiply(matrix, part)) for part in parts], dim=1)

    basis = torch.randn(columns, width, generator=generator)
    for _ in range(_PASSES):
        basis = torch.linalg.qr(gram(basis)).Q
    projected = basis.T @ gram(basis)
    values, turns = torch.linalg.eigh(projected.double())
    turns[:, values <= _RANK_TOLERANCE] = 0
    vectors: Tensor = basis @ turns.flip(1)[:, :number].float()
    return vectors
