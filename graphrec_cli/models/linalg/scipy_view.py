"""torch's sparse matrices for scipy, whose products of two sparse ones are faster on a CPU."""

from __future__ import annotations

from jaxtyping import Float
from scipy.sparse import csr_array
from torch import Tensor


def to_scipy(matrix: Float[Tensor, "rows columns"]) -> csr_array:
    """A sparse CSR matrix on the CPU as scipy's; values are shared, indices too where they fit."""
    parts = matrix.values(), matrix.col_indices(), matrix.crow_indices()
    return csr_array(
        tuple(part.numpy() for part in parts), shape=(matrix.shape[0], matrix.shape[1])
    )
