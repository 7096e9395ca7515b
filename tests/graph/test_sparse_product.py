from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from graphrec_cli.graph.adjacency import csr
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.graph.thread_shares import thread_shares

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def keep_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def sparse_rows(seed: int, num_rows: int, num_columns: int, steepness: float) -> csr_array:
    """Rows of very different lengths, the longest first; many of them are empty."""
    rng = np.random.default_rng(seed)
    share = np.linspace(1, 0, num_rows) ** steepness
    filled = rng.random((num_rows, num_columns)) < share[:, None]
    return csr_array(filled * rng.standard_normal((num_rows, num_columns)))


def block(matrix: csr_array, dtype: torch.dtype) -> Tensor:
    return csr(
        torch.from_numpy(matrix.indptr.astype(np.int32)),
        torch.from_numpy(matrix.indices.astype(np.int32)),
        torch.from_numpy(matrix.data).to(dtype),
        matrix.shape,
    )


@settings(max_examples=40)
@given(
    seed=SEEDS,
    num_rows=st.integers(1, 30),
    num_columns=st.integers(1, 20),
    dim=st.integers(1, 70),
    steepness=st.sampled_from([0.1, 2.0, 20.0]),
    threads=st.integers(1, 3),
    dtype=st.sampled_from([torch.float64, torch.float32, torch.bfloat16]),
)
def test_the_product_is_that_of_scipy_but_for_rounding(
    seed: int,
    num_rows: int,
    num_columns: int,
    dim: int,
    steepness: float,
    threads: int,
    dtype: torch.dtype,
) -> None:
    matrix = sparse_rows(seed, num_rows, num_columns, steepness)
    x = np.random.default_rng(seed + 1).standard_normal((num_columns, dim))
    torch.set_num_threads(threads)
    product = multiply(block(matrix, dtype), torch.from_numpy(x).to(dtype))
    assert product.dtype is dtype
    # Rounded factors and a rounded sum; a sum of terms may be much smaller than the terms.
    size = (abs(matrix) @ abs(x)).max(initial=1)
    tolerance = 4 * torch.finfo(dtype).eps * float(size)
    torch.testing.assert_close(
        product.double(), torch.from_numpy(matrix @ x), rtol=0, atol=tolerance
    )
    assert not product[torch.from_numpy(np.diff(matrix.indptr) == 0)].any()


@settings(max_examples=20)
@given(seed=SEEDS, dtype=st.sampled_from([torch.float32, torch.bfloat16]))
def test_any_number_of_threads_gives_the_same_bits(seed: int, dtype: torch.dtype) -> None:
    matrix = block(sparse_rows(seed, 40, 30, 5.0), dtype)
    x = torch.randn(30, 16, generator=torch.Generator().manual_seed(seed))
    products = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        products.append(multiply(matrix, x))
    assert all(torch.equal(product, products[0]) for product in products)


@given(seed=SEEDS, dim=st.integers(1, 70))
def test_float32_has_the_bits_of_the_sparse_kernel(seed: int, dim: int) -> None:
    matrix = block(sparse_rows(seed, 20, 30, 1.0), torch.float32)
    x = torch.randn(30, dim, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(multiply(matrix, x), torch.sparse.mm(matrix, x, "sum"))


def test_by_hand() -> None:
    matrix = csr_array(np.array([[0.0, 2.0, 1.0], [0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]))
    x = torch.tensor([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    expected = torch.tensor([[8.0, 80.0], [0.0, 0.0], [3.0, 30.0]])
    assert torch.equal(multiply(block(matrix, torch.float32), x), expected)


@given(st.lists(st.integers(0, 20), max_size=40), st.integers(1, 9))
def test_shares_hold_every_row_once_and_none_is_much_longer_than_the_others(
    entries: list[int], threads: int
) -> None:
    shares = thread_shares(pointers_of(entries), threads)
    if shares is not None:
        assert len(shares) == threads
        assert [row for share in shares for row in share] == list(range(len(entries)))
        assert max(map(len, shares)) <= 2 * -(-len(entries) // threads)


@pytest.mark.parametrize(
    ("entries", "lengths"),
    [
        ([8, 1, 1, 1, 1, 1, 1, 1, 1], [1, 8]),
        ([1, 1, 1, 1, 8], [4, 1]),
        ([0, 0, 0, 0, 3, 3], [5, 1]),
        ([2, 2, 2, 2], None),
        ([0, 0, 0], None),
        ([], None),
    ],
)
def test_two_shares_by_hand(entries: list[int], lengths: list[int] | None) -> None:
    shares = thread_shares(pointers_of(entries), 2)
    assert (None if shares is None else [len(share) for share in shares]) == lengths


def pointers_of(entries: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.array(entries, dtype=np.int64))])
