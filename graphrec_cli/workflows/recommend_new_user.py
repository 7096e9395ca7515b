"""Recommend items to a new user, who is described by items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.reporting.recommendations import Block
from graphrec_cli.workflows.known_ids import items_in_train
from graphrec_cli.workflows.list_blocks import ListRules, Rows, blocks_of_lists
from graphrec_cli.workflows.saved_run import SavedRun


def list_for_new_user(saved: SavedRun, wanted: Sequence[str], rules: ListRules) -> Iterator[Block]:
    """The list of a user who has these items, by raw id.

    Raises:
        ConfigError: an item is unknown, or has no train interaction.
    """
    items = items_in_train(saved, "items", wanted)
    given = UserItems.from_pairs(
        np.zeros_like(items), items, num_users=1, num_items=saved.split.train.num_items
    )
    scores = saved.model.score_new_user(torch.from_numpy(items).to(saved.device))
    rows = Rows(
        id=np.array([None]),
        index=np.zeros(1, dtype=np.int64),
        cold=np.zeros(1, dtype=np.bool_),
        known=[given],
    )
    return blocks_of_lists(saved, _NewUser(scores), rows, rules)


class _NewUser:
    """A scorer of one user with given scores."""

    def __init__(self, scores: Float[Tensor, " items"]) -> None:
        self.scores = scores

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the same scores for every user."""
        return self.scores.expand(len(user_index), -1)
