"""Rows of scores: written to the buffer or copied, and checked for non-finite values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.exact_ranks.norm_order import NormOrder, ordered_by_norm
from graphrec_cli.evaluation.scorer import DotProductScorer, Scorer


class Table:
    """Scores from a fixed table."""

    def __init__(self, scores: Tensor) -> None:
        self.scores = scores

    def score_users(self, user_index: Tensor) -> Tensor:
        """Rows of the table."""
        return self.scores[user_index]


class Products:
    """The same scores as products of a table with the identity."""

    def __init__(self, scores: Tensor) -> None:
        self.scores = scores

    def score_users(self, user_index: Tensor) -> Tensor:
        """Must not be called: products go straight into the buffer."""
        raise AssertionError

    def product_tables(self) -> tuple[Tensor, Tensor]:
        """The table and the identity."""
        return self.scores, torch.eye(self.scores.shape[1])


def masked_scores(scorer: Scorer | NormOrder) -> MaskedScores:
    """User 1 has seen item 0, and item 3 is cold."""
    seen = UserItems.from_pairs(np.array([1]), np.array([0]), num_users=3, num_items=4)
    return MaskedScores(
        scorer, num_items=4, masked=[seen], cold_items=np.array([3]), device=torch.device("cpu")
    )


def test_products_give_the_rows_of_a_plain_scorer() -> None:
    table = torch.arange(12.0).view(3, 4)
    plain, products = Table(table), Products(table)
    assert isinstance(products, DotProductScorer)
    assert not isinstance(plain, DotProductScorer)
    for scorer in (plain, products):
        scores = masked_scores(scorer)
        # Fewer rows than before, then more: the buffer is sliced, then allocated again.
        for users in ([2, 1], [1], [0, 1, 2]):
            expected = table[users].clone()
            expected[:, 3] = -torch.inf
            expected[[user == 1 for user in users], 0] = -torch.inf
            assert torch.equal(scores.rows(np.array(users)), expected)
        scores.release()
        assert torch.equal(scores.rows(np.array([0]))[0, :3], table[0, :3])
    assert torch.equal(table, torch.arange(12.0).view(3, 4))


@pytest.mark.parametrize("kind", [Table, Products])
def test_non_finite_scores_are_refused(kind: type[Table] | type[Products]) -> None:
    for bad in (torch.inf, -torch.inf, torch.nan):
        table = torch.full((3, 4), 3e38)
        table[2, 0] = bad
        with pytest.raises(NonFiniteError, match="a score of user index 2"):
            masked_scores(kind(table)).rows(np.array([0, 2]))


def test_finite_scores_whose_sum_is_not_are_accepted() -> None:
    rows = masked_scores(Table(torch.full((3, 4), 3e38))).rows(np.array([0, 2]))
    assert (rows[:, :3] == 3e38).all()


def test_columns_follow_the_order_of_norms_and_stop_at_the_width() -> None:
    users, items = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[2.0, -4.0, 1.0, 3.0]])

    class Dots(Products):
        def product_tables(self) -> tuple[Tensor, Tensor]:
            """One dimension, so that norms are absolute values."""
            return users, items

    scores = masked_scores(ordered_by_norm(Dots(users)))
    assert scores.order.tolist() == [1, 3, 0, 2]
    assert scores.column.tolist() == [2, 0, 3, 1]
    # User 1 has seen item 0, in column 2; item 3, in column 1, is cold.
    assert scores.rows(np.array([1, 2]), 3).tolist() == [
        [-8.0, -torch.inf, -torch.inf],
        [-12.0, -torch.inf, 6.0],
    ]
    assert scores.rows(np.array([1, 2]), 2).tolist() == [[-8.0, -torch.inf], [-12.0, -torch.inf]]
    assert scores.rows(np.array([1]), 1).tolist() == [[-8.0]]
    # Item 2 scores 1 for user 0: items 1, 3 and 0 have larger norms, and so could score more.
    assert scores.widths(np.array([0, 0]), np.array([3, 1])).tolist() == [4, 2]
