from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.losses.bpr import bpr_loss, l2_penalty, regularised_bpr
from graphrec_cli.models.base import TripleScores

SCORES = st.lists(
    st.tuples(st.floats(-30, 30, width=32), st.floats(-30, 30, width=32)), min_size=1, max_size=9
)


def test_bpr_by_hand() -> None:
    # Differences 0, 1 and -2: -log sigmoid is 0.69314718, 0.31326169 and 2.12692801.
    loss = bpr_loss(torch.tensor([1.0, 3.0, 0.5]), torch.tensor([1.0, 2.0, 2.5]))
    assert loss.item() == pytest.approx((0.69314718 + 0.31326169 + 2.12692801) / 3, rel=1e-6)


@given(SCORES)
def test_bpr_equals_the_definition_with_its_gradient(scores: list[tuple[float, float]]) -> None:
    pos, neg = torch.tensor(scores, dtype=torch.float64).unbind(1)
    pos.requires_grad_()
    neg.requires_grad_()
    loss = bpr_loss(pos, neg)
    loss.backward()
    difference = np.array([high - low for high, low in scores])
    expected = -np.log(1 / (1 + np.exp(-difference)))
    slope = -1 / (1 + np.exp(difference)) / len(scores)
    # Beyond a difference of 20 torch's softplus is linear, which is off by less than 3e-9.
    assert loss.item() == pytest.approx(expected.mean(), rel=1e-8, abs=1e-13)
    assert pos.grad is not None
    assert neg.grad is not None
    np.testing.assert_allclose(pos.grad.numpy(), slope, rtol=1e-8, atol=1e-13)
    np.testing.assert_array_equal(neg.grad.numpy(), -pos.grad.numpy())


@pytest.mark.parametrize("scale", [100.0, 1e4, 1e30, 1e38])
def test_huge_scores_give_a_finite_loss_and_the_right_slope(scale: float) -> None:
    # The first triple is ranked correctly; only the second has a slope, of 1.
    pos = torch.tensor([scale, -scale], requires_grad=True)
    neg = torch.tensor([0.0, 0.0], requires_grad=True)
    loss = bpr_loss(pos, neg)
    loss.backward()
    assert loss.item() == pytest.approx(scale / 2, rel=1e-6)
    assert pos.grad is not None
    assert neg.grad is not None
    assert pos.grad.tolist() == pytest.approx([0.0, -0.5], abs=1e-30)
    assert neg.grad.tolist() == pytest.approx([0.0, 0.5], abs=1e-30)


def test_l2_by_hand() -> None:
    # Squares: 1 + 4 + 9 + 16, 1 + 1 and 4; half of them for each of 2 triples.
    users = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    pos_items = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    neg_items = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    assert l2_penalty(users, pos_items, neg_items).item() == 36 / 4


def scores_of(
    *, layer0: list[Tensor], final: list[Tensor] | None = None, table: Tensor | None = None
) -> TripleScores:
    """Two triples whose scores are equal, so that BPR alone is log 2."""
    final = layer0 if final is None else final
    return TripleScores(
        pos_scores=torch.ones(2),
        neg_scores=torch.ones(2),
        layer0_embeddings=(layer0[0], layer0[1], layer0[2]),
        final_embeddings=(final[0], final[1], final[2]),
        layer0_table=torch.zeros(5, 3) if table is None else table,
    )


def test_the_loss_adds_l2_times_the_penalty_on_layer_0() -> None:
    scores = scores_of(layer0=[torch.full((2, 3), 2.0), torch.ones(2, 3), torch.zeros(2, 3)])
    assert regularised_bpr(scores, BPRConfig()).item() == pytest.approx(math.log(2))
    assert regularised_bpr(scores, BPRConfig(l2=0.1)).item() == pytest.approx(
        math.log(2) + 0.1 * (24 + 6) / 4
    )


def test_l2_final_adds_the_mean_squares_of_the_final_rows() -> None:
    # Means of squares: 4, (1 + 9) / 2 and 0.
    final = [torch.full((2, 3), 2.0), torch.tensor([[1.0] * 3, [3.0] * 3]), torch.zeros(2, 3)]
    scores = scores_of(layer0=[torch.ones(2, 3)] * 3, final=final)
    assert regularised_bpr(scores, BPRConfig(l2_final=0.1)).item() == pytest.approx(
        math.log(2) + 0.1 * (4 + 5)
    )


def test_l2_all_adds_the_squares_of_every_node() -> None:
    table = torch.arange(6.0).view(2, 3)
    scores = scores_of(layer0=[torch.ones(2, 3)] * 3, table=table)
    assert regularised_bpr(scores, BPRConfig(l2_all=0.1)).item() == pytest.approx(
        math.log(2) + 0.1 * (1 + 4 + 9 + 16 + 25)
    )


def test_the_gradient_of_l2_is_the_embedding_over_the_batch() -> None:
    tables = [torch.arange(6.0).view(2, 3).add(shift).requires_grad_() for shift in range(3)]
    regularised_bpr(scores_of(layer0=tables), BPRConfig(l2=0.5)).backward()
    for table in tables:
        assert table.grad is not None
        torch.testing.assert_close(table.grad, 0.5 * table.detach() / 2)
