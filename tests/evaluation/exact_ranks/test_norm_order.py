"""The bound on scores: no item that reaches a held-out item's score is left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from graphrec_cli.evaluation.exact_ranks.norm_order import NormOrder, ordered_by_norm


class Products:
    """Scores that are products of two tables."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items = users, items

    def score_users(self, user_index: Tensor) -> Tensor:
        """Products of the users' rows with all items."""
        return self.users[user_index] @ self.items

    def product_tables(self) -> tuple[Tensor, Tensor]:
        """Both tables."""
        return self.users, self.items


@given(
    num_users=st.integers(1, 6),
    num_items=st.integers(1, 60),
    dim=st.integers(1, 9),
    scale=st.sampled_from([1e-30, 1e-19, 1e-3, 1.0, 1e15]),
    spread=st.sampled_from([0.0, 0.5, 3.0]),
    shared=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_items_after_the_width_score_lower(
    num_users: int,
    num_items: int,
    dim: int,
    scale: float,
    spread: float,
    shared: bool,
    seed: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    users = torch.randn(num_users, dim, generator=generator) * scale
    items = torch.randn(dim, num_items, generator=generator) * scale
    if shared:
        # All on one line and nearly the same: the bound is the score itself, up to rounding.
        units = torch.randint(0, 4, (1, num_items), generator=generator)
        items = items[:, :1] * (1 + units * torch.finfo(torch.float32).eps)
        users = items[:, :1].T.repeat(num_users, 1)
    else:
        items = items * (torch.randn(num_items, generator=generator) * spread).exp()
    users[0] = 0
    scorer = Products(users, items)
    ordered = ordered_by_norm(scorer)
    assert isinstance(ordered, NormOrder)
    assert np.array_equal(ordered.order[ordered.column], np.arange(num_items))
    in_order = ordered.product_tables()[1]
    assert torch.equal(in_order, items[:, torch.from_numpy(ordered.order)])
    user, column = (index.ravel() for index in np.indices((num_users, num_items)))
    widths = ordered.widths(user, column)
    scores = (users @ in_order).numpy()
    reached = scores[user] >= scores[user, column][:, None]
    last = num_items - np.argmax(reached[:, ::-1], axis=1)
    assert (widths >= last).all()
    assert (widths > column).all()


def test_items_too_short_to_reach_the_score_are_left_out() -> None:
    items = torch.tensor([[3.0, 1.0, 2.0, 0.5], [0.0, 1.0, 0.0, 0.5]])
    ordered = NormOrder(Products(torch.tensor([[1.0, 0.0], [0.0, 1.0]]), items))
    assert ordered.order.tolist() == [0, 2, 1, 3]
    # Norms 3, 2, 1.41 and 0.71, by column; scores 3, 2, 1, 0.5 and 0, 0, 1, 0.5.
    assert ordered.widths(np.zeros(4, dtype=int), np.arange(4)).tolist() == [1, 2, 3, 4]
    assert ordered.widths(np.ones(4, dtype=int), np.arange(4)).tolist() == [4, 4, 3, 4]


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, 3e38])
def test_products_that_may_overflow_keep_their_scorer(bad: float) -> None:
    users, items = torch.full((2, 3), 3e38), torch.ones(3, 4)
    for tables in ((users, items * bad), (users * bad, items)):
        scorer = Products(*tables)
        assert ordered_by_norm(scorer) is scorer
