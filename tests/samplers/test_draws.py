from __future__ import annotations

import numpy as np
import torch
from builders import CheckDistribution
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.samplers.draws import draw_below


@given(
    st.lists(st.integers(1, 2**53 - 1), max_size=50),
    st.integers(0, 2**32),
)
def test_every_draw_lies_below_its_own_bound(bounds: list[int], seed: int) -> None:
    rows = torch.tensor(bounds, dtype=torch.int64)
    draws = draw_below(rows, torch.Generator().manual_seed(seed))
    assert draws.dtype == torch.int64
    assert draws.shape == rows.shape
    assert ((draws >= 0) & (draws < rows)).all()


def test_draws_are_uniform_for_each_bound(check_distribution: CheckDistribution) -> None:
    bounds = torch.tensor([1, 2, 7]).repeat_interleave(20_000)
    draws = draw_below(bounds, torch.Generator().manual_seed(0)).view(3, -1).numpy()
    for row, bound in zip(draws, (1, 2, 7), strict=True):
        check_distribution(row, np.full(bound, 1 / bound))


def test_draws_below_a_bound_beyond_float32_reach_every_number(
    check_distribution: CheckDistribution,
) -> None:
    """A fraction of 24 bits times 2**40 would be a multiple of 2**16."""
    bounds = torch.full((20_000,), 2**40)
    draws = draw_below(bounds, torch.Generator().manual_seed(0)).numpy()
    check_distribution(draws % 8, np.full(8, 1 / 8))
