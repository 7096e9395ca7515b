from __future__ import annotations

import numpy as np
import pytest
import torch
from graph_filters import community_graph, normalized
from numpy.typing import NDArray

from graphrec_cli.graph.adjacency import csr
from graphrec_cli.models.linalg.subspace_iteration import approximate_singular_vectors


def sparse(matrix: NDArray[np.float64]) -> torch.Tensor:
    rows, columns = np.nonzero(matrix)
    pointers = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(matrix)))])
    return csr(
        torch.from_numpy(pointers),
        torch.from_numpy(columns),
        torch.from_numpy(matrix[rows, columns]).float(),
        matrix.shape,
    )


def found(matrix: NDArray[np.float64], number: int, seed: int = 0) -> NDArray[np.float64]:
    generator = torch.Generator().manual_seed(seed)
    vectors = approximate_singular_vectors(sparse(matrix), sparse(matrix.T), number, generator)
    return np.asarray(vectors.double().numpy())


def test_well_separated_vectors_are_found() -> None:
    matrix = normalized(community_graph())
    vectors = found(matrix, 6)
    _, values, right = np.linalg.svd(matrix)
    assert values[5] > 2 * values[6]
    np.testing.assert_allclose(vectors @ vectors.T, right[:6].T @ right[:6], atol=1e-5)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(6), atol=1e-5)


@pytest.mark.parametrize("number", [40, 200])
def test_nearly_all_of_what_the_best_vectors_keep_is_kept(number: int) -> None:
    # A random graph: its singular values lie close together.
    has = np.random.default_rng(1).random((500, 400)) < 0.05
    matrix = normalized(has)
    vectors = found(matrix, number)
    best = np.square(np.linalg.svd(matrix, compute_uv=False)[:number]).sum()
    kept = np.square(matrix @ vectors).sum()
    assert 0.995 * best < kept <= best * (1 + 1e-6)


def test_a_matrix_of_small_rank_has_no_more_vectors_than_that() -> None:
    matrix = np.zeros((30, 20))
    matrix[:10, :7] = 0.1
    matrix[10:, 7:15] = 0.05
    vectors = found(matrix, 5)
    assert np.abs(vectors[:, :2]).max() > 0.1
    assert not vectors[:, 2:].any()


def test_the_seed_decides_the_vectors_to_the_last_bit() -> None:
    matrix = normalized(community_graph())
    assert (found(matrix, 9, seed=3) == found(matrix, 9, seed=3)).all()
