"""The leading singular vectors of a sparse matrix."""

from __future__ import annotations

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from graphrec_cli.errors import ConfigError

_BLOCK = 16
_NARROWEST = 512
"""Vectors of the space; one that is small beside the block would gain little from a pass."""
_TOLERANCE = 1e-6
"""Length of the residual of an eigenvector, where the matrix has norm 1."""
_ORTHOGONAL = 1e-12
_RANK_TOLERANCE = 1e-10
"""Squared singular values below it are those of rounding errors."""
_MOST_RESTARTS = 30


def memory_of_search(rows: int, columns: int, number: int) -> int:
    """Bytes that ``leading_right_singular_vectors`` takes at most, beside the matrix itself."""
    width, kept = _widths(columns, number)
    # The basis and the best of it, the products with the best, and an eigenproblem of the width.
    values = columns * (width + 2 * kept + 4 * number) + 2 * rows * number + 5 * width**2
    return 8 * values


def leading_right_singular_vectors(
    matrix: Float[Tensor, "rows columns"],
    transposed: Float[Tensor, "columns rows"],
    number: int,
    generator: torch.Generator,
) -> Float64[Tensor, "columns number"]:
    """Orthonormal right singular vectors of the largest singular values, the largest first.

    A block Krylov space of the Gram matrix, restarted from its best vectors until these are
    eigenvectors (Golub and Underwood, "The block Lanczos method for computing eigenvalues", 1977).
    It holds columns * max(4 * number, 512) values. Signs, and bases of equal singular values, are
    arbitrary.

    Args:
        matrix: sparse CSR on the CPU, of spectral norm about 1; converted to float64.
        transposed: its transpose, sparse CSR.
        number: at most the number of columns.
        generator: of the random vectors to begin with, on the CPU.

    Returns:
        the vectors; those of singular values of 0 are columns of zeros.

    Raises:
        ConfigError: they cannot be told from the vectors that come next.
    """

    matrix, transposed = matrix.double(), transposed.double()

    def gram(x: Tensor) -> Tensor:
        inner = torch.sparse.mm(matrix, x.T.contiguous(), "sum")
        product: Tensor = torch.sparse.mm(transposed, inner, "sum").T.contiguous()
        return product

    columns = matrix.shape[1]
    width, kept = _widths(columns, number)
    # A vector a row: products with many long vectors are several times faster than with columns.
    basis = torch.empty(width, columns, dtype=torch.float64)
    start = torch.randn(min(_BLOCK, width), columns, generator=generator, dtype=torch.float64)
    block, filled = _orthonormal(start, basis[:0]), 0
    for _ in range(_MOST_RESTARTS):
        while filled < width:
            block = block[: width - filled]
            basis[filled : filled + len(block)] = block
            filled += len(block)
            if filled < columns:
                block = _orthonormal(gram(block)[: columns - filled], basis[:filled])
        projected = torch.cat([gram(part) @ basis.T for part in basis.split(_BLOCK)])
        values, turns = torch.linalg.eigh(projected)
        best = turns[:, -kept:].flip(1).T @ basis
        values, vectors = values.flip(0)[:number], best[:number]
        residual = torch.linalg.vector_norm(gram(vectors) - values[:, None] * vectors, dim=1)
        if width == columns or float(residual.max()) <= _TOLERANCE:
            break
        basis[:kept], filled = best, kept
    else:
        raise ConfigError(
            f"the search for {number} singular vectors has come to no end in {_MOST_RESTARTS} "
            "passes; set model.singular_vectors to another number"
        )
    leading: Tensor = vectors * (values > _RANK_TOLERANCE)[:, None]
    return leading.T.contiguous()


def _widths(columns: int, number: int) -> tuple[int, int]:
    """Vectors of the space, and of those that a restart keeps."""
    # Where it is as wide as the matrix, the space is all there is, and the first pass exact.
    width = min(columns, max(4 * number, _NARROWEST))
    return width, min(width, number + 2 * _BLOCK)


def _orthonormal(
    x: Float64[Tensor, "block columns"], basis: Float64[Tensor, "filled columns"]
) -> Float64[Tensor, "block columns"]:
    """Orthonormal rows that span ``x`` beyond ``basis``, or anything where x has nothing left.

    What is left of the basis in x is taken out until rows of length 1 hold next to nothing of it:
    where x has little beyond the basis, rounding errors have the basis in them as well.
    """
    x = torch.linalg.qr(x.T).Q.T
    shared = x @ basis.T
    while bool((shared.abs() > _ORTHOGONAL).any()):
        x = torch.linalg.qr((x - shared @ basis).T).Q.T
        shared = x @ basis.T
    return x
