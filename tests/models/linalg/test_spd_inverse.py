from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.models.linalg.spd_inverse import invert_in_place


def definite(size: int, seed: int) -> torch.Tensor:
    factor = np.random.default_rng(seed).normal(size=(size, size + 3))
    return torch.from_numpy(factor @ factor.T + np.eye(size))


@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 5))
def test_the_matrix_becomes_its_inverse_whatever_the_blocks(
    size: int, block: int, seed: int
) -> None:
    matrix = definite(size, seed)
    place, expected = matrix.data_ptr(), np.linalg.inv(matrix.numpy())
    invert_in_place(matrix, block)
    assert matrix.data_ptr() == place
    np.testing.assert_allclose(matrix.numpy(), expected, rtol=1e-8, atol=1e-10)


def test_what_is_not_positive_definite_is_refused() -> None:
    matrix = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match="not positive definite"):
        invert_in_place(matrix)
