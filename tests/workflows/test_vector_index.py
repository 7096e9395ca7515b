"""The dimension that turns a search for inner products into one for neighbours."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.workflows.vector_index import as_queries, with_equal_norms


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 9]))
def test_products_stay_and_norms_become_equal(
    items: int, dim: int, seed: int, spread: float
) -> None:
    generator = np.random.default_rng(seed)
    norms = generator.uniform(size=(items, 1)) * spread
    item = (generator.normal(size=(items, dim)) * norms).astype(np.float32)
    user = generator.normal(size=(7, dim)).astype(np.float32)
    wider, queries = with_equal_norms(item), as_queries(user)
    assert wider.shape == (items, dim + 1)
    np.testing.assert_allclose(queries @ wider.T, user @ item.T, atol=1e-5)
    longest = np.linalg.norm(item, axis=1).max()
    np.testing.assert_allclose(np.linalg.norm(wider, axis=1), longest, atol=1e-5)
    # So the largest product is at the smallest distance.
    distances = np.linalg.norm(queries[:, None] - wider, axis=2)
    nearest = np.take_along_axis(user @ item.T, distances.argmin(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(nearest, (user @ item.T).max(axis=1), atol=1e-4)
