from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from graphrec_cli.models.linalg.singular_vectors import leading_right_singular_vectors


def csr(matrix: NDArray[np.float64]) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.from_numpy(matrix.copy()).to_sparse_csr()


def leading(matrix: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    generator = torch.Generator().manual_seed(0)
    vectors = leading_right_singular_vectors(csr(matrix), csr(matrix.T), number, generator)
    return np.asarray(vectors.numpy())


def with_values(
    values: NDArray[np.floating], shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A matrix with these singular values, and its right singular vectors."""
    generator = np.random.default_rng(0)
    left, _ = np.linalg.qr(generator.normal(size=(shape[0], len(values))))
    right, _ = np.linalg.qr(generator.normal(size=(shape[1], len(values))))
    return np.asarray((left * values) @ right.T), np.asarray(right)


@pytest.mark.parametrize("shape", [(500, 700), (700, 500), (40, 900), (900, 40)])
@pytest.mark.parametrize("decay", [0.9, 0.99])
def test_the_vectors_are_those_that_the_matrix_was_made_of(
    shape: tuple[int, int], decay: float
) -> None:
    matrix, right = with_values(decay ** np.arange(min(shape)), shape)
    vectors = leading(matrix, 10)
    np.testing.assert_allclose(np.abs((vectors * right[:, :10]).sum(0)), 1, atol=1e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(10), atol=1e-9)


def test_a_large_matrix_of_small_rank_has_no_more_vectors_than_that() -> None:
    matrix, right = with_values(np.array([1.0, 0.5, 0.5]), (600, 800))
    vectors = leading(matrix, 8)
    np.testing.assert_allclose(vectors @ vectors.T, right @ right.T, atol=1e-8)
    assert not vectors[:, 3:].any()
