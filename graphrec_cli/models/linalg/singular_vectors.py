"""The leading singular vectors of a sparse matrix."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from graphrec_cli.errors import ConfigError

_DENSE = 512
"""Columns up to which the Gram matrix is made whole: LAPACK solves it in less than a second."""
_TOLERANCE = 1e-6
"""Relative error of the squared singular values; the largest is about 1."""
_RANK_TOLERANCE = 1e-10
"""Squared singular values below it are those of rounding errors."""


def memory_of_search(columns: int, number: int) -> int:
    """Bytes that ``leading_right_singular_vectors`` takes at most, beside the matrix itself."""
    width = _lanczos_vectors(columns, number)
    # The basis, the eigenvectors in two orders, and the eigenproblem of the width.
    return 8 * (columns * (width + 3 * number) + 4 * width**2)


def leading_right_singular_vectors(
    matrix: csr_array, number: int, generator: torch.Generator
) -> NDArray[np.float64]:
    """Orthonormal right singular vectors of the largest singular values, the largest first.

    They are the eigenvectors of the Gram matrix, which the implicitly restarted Lanczos method
    finds from products with vectors alone (ARPACK). Signs, and bases of equal singular values, are
    arbitrary.

    Args:
        matrix: float64, of spectral norm about 1.
        number: at most the number of columns.
        generator: of the vectors to begin with, on the CPU.

    Returns:
        shape (columns, number); vectors of singular values of 0 are columns of zeros.

    Raises:
        ConfigError: they cannot be told from the vectors that come next.
    """
    columns = matrix.shape[1]
    transposed = matrix.T.tocsr()
    width = _lanczos_vectors(columns, number)
    if width == columns:
        values, vectors = np.linalg.eigh((transposed @ matrix).toarray())
    else:
        gram = LinearOperator(
            (columns, columns), matvec=lambda x: transposed @ (matrix @ x), dtype=np.float64
        )
        start = torch.randn(columns, generator=generator, dtype=torch.float64).numpy()
        rng = np.random.default_rng(0)  # of restarts, where the matrix has a smaller rank
        try:
            values, vectors = eigsh(
                gram, number, which="LA", v0=start, ncv=width, tol=_TOLERANCE, rng=rng
            )
        except ArpackNoConvergence as error:
            raise ConfigError(
                f"the search for {number} singular vectors did not converge; set "
                "model.singular_vectors to another number"
            ) from error
    leading = np.argsort(-values, kind="stable")[:number]
    return np.ascontiguousarray(vectors[:, leading] * (values[leading] > _RANK_TOLERANCE))


def _lanczos_vectors(columns: int, number: int) -> int:
    """Vectors of the space that is searched; all there are where the Gram matrix is made whole."""
    width = 2 * number + 1
    return columns if columns <= max(width, _DENSE) else width
