"""Rows of scores: written to the buffer or copied, and checked for non-finite values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.masked_scores import MaskedScores
from graphrec_cli.evaluation.scorer import BufferedScorer, Scorer


class Table:
    """Scores from a fixed table."""

    def __init__(self, scores: Tensor) -> None:
        self.scores = scores

    def score_users(self, user_index: Tensor) -> Tensor:
        """Rows of the table."""
        return self.scores[user_index]


class BufferedTable(Table):
    """The same scores, but only written into the caller's buffer."""

    def score_users(self, user_index: Tensor) -> Tensor:
        """Must not be called."""
        raise AssertionError

    def score_users_into(self, user_index: Tensor, scores: Tensor) -> None:
        """Rows of the table."""
        scores.copy_(self.scores[user_index])


def masked_scores(scorer: Scorer) -> MaskedScores:
    """User 1 has seen item 0, and item 3 is cold."""
    seen = UserItems.from_pairs(np.array([1]), np.array([0]), num_users=3, num_items=4)
    return MaskedScores(
        scorer, num_items=4, masked=[seen], cold_items=np.array([3]), device=torch.device("cpu")
    )


def test_a_buffered_scorer_gives_the_rows_of_a_plain_one() -> None:
    table = torch.arange(12.0).view(3, 4)
    plain, buffered = Table(table), BufferedTable(table)
    assert isinstance(buffered, BufferedScorer)
    assert not isinstance(plain, BufferedScorer)
    for scorer in (plain, buffered):
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


@pytest.mark.parametrize("kind", [Table, BufferedTable])
def test_finite_scores_whose_sum_is_not_are_accepted(kind: type[Table]) -> None:
    rows = masked_scores(kind(torch.full((3, 4), 3e38))).rows(np.array([0, 2]))
    assert (rows[:, :3] == 3e38).all()
    for bad in (torch.inf, -torch.inf, torch.nan):
        table = torch.full((3, 4), 3e38)
        table[2, 0] = bad
        with pytest.raises(NonFiniteError, match="a score of user index 2"):
            masked_scores(kind(table)).rows(np.array([0, 2]))
