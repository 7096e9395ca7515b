"""Counts of scores above thresholds, compared with numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.evaluation.exact_ranks.counts_above import CountsAbove


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@given(
    rows=st.integers(1, 9),
    items=st.integers(1, 40),
    places=st.integers(1, 40),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    block=st.integers(1, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_agrees_with_comparing_everything_at_once(
    rows: int,
    items: int,
    places: int,
    dtype: torch.dtype,
    block: int,
    seed: int,
    device: str,
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 3, size=(rows, items)) / 4
    thresholds = rng.integers(-3, 3, size=(rows, places)) / 4
    wanted = np.sort(rng.integers(1, places, size=rows, endpoint=True))[::-1].copy()
    above, at_least = CountsAbove(block_marks=block).count(
        torch.tensor(scores, dtype=dtype, device=device),
        torch.tensor(thresholds, dtype=dtype, device=device),
        wanted,
    )
    looked_at = np.arange(places) < wanted[:, None]
    greater = (scores[:, None] > thresholds[:, :, None]).sum(2)
    greater_equal = (scores[:, None] >= thresholds[:, :, None]).sum(2)
    assert (above.cpu().numpy() == greater)[looked_at].all()
    assert (at_least.cpu().numpy() == greater_equal)[looked_at].all()


@pytest.mark.gpu
def test_a_catalog_of_several_blocks_on_a_gpu() -> None:
    scores = torch.randn(50, 9_000, generator=torch.Generator().manual_seed(0))
    used = np.arange(50, 0, -1)
    # The kept columns of a wider table, as in a chunk with a bound on its items.
    on_cpu, on_gpu = (
        CountsAbove().count(table[:, :7_001], table[:, :50].contiguous(), used)
        for table in (scores, scores.cuda())
    )
    looked_at = torch.arange(50) < torch.from_numpy(used)[:, None]
    for counts, other in zip(on_cpu, on_gpu, strict=True):
        assert torch.equal(counts[looked_at], other.cpu()[looked_at])


def test_counts_above_the_integers_of_float32() -> None:
    items = 2**24 + 3
    above, at_least = CountsAbove().count(
        torch.ones(1, items), torch.zeros(1, 1), np.ones(1, dtype=np.int64)
    )
    assert above.item() == at_least.item() == items
