"""Recommend items to new users, who are described by items."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.data.tables.user_item_table import read_user_items
from graphrec_cli.errors import ConfigError
from graphrec_cli.models.new_users import NewUsers
from graphrec_cli.reporting.recommendations import Block
from graphrec_cli.terminal_text import counted
from graphrec_cli.workflows.known_ids import index_of, items_in_train, shown_ids, some_of
from graphrec_cli.workflows.list_blocks import ListRules, Rows, blocks_of_lists
from graphrec_cli.workflows.saved_run import SavedRun

log = logging.getLogger("graphrec")


def list_for_new_user(saved: SavedRun, wanted: Sequence[str], rules: ListRules) -> Iterator[Block]:
    """The list of a user who has these items, by raw id.

    Raises:
        ConfigError: an item is unknown, or has no train interaction.
    """
    return list_for_items(saved, items_in_train(saved, "items", wanted), rules)


def list_for_items(saved: SavedRun, items: NDArray[np.int64], rules: ListRules) -> Iterator[Block]:
    """The list of a user who has these items, by index; each has a train interaction."""
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


def lists_for_new_users(saved: SavedRun, path: Path, rules: ListRules) -> Iterator[Block]:
    """The lists of the users in a table, in the order of their first rows.

    Items that the run does not know, or that have no train interaction, are left out and counted.

    Raises:
        ConfigError: a user has no other items, and gets no popular ones.
        DataError: the table is faulty.
    """
    train = saved.split.train
    user, user_id, item_id = read_user_items(path, saved.config.dataset)
    usable = np.append(train.item_degree > 0, False)
    item = index_of(saved.split.items, item_id.text)
    item = np.where(usable[item], item, -1)[item_id.code]
    left_out = np.unique(item_id.code[item < 0])
    if len(left_out):
        log.warning(
            "left out %s of %s unknown to this run or without a train interaction in it: %s",
            counted(int(np.count_nonzero(item < 0)), "row"),
            counted(len(left_out), "item"),
            shown_ids(item_id.text[left_out]),
        )
    pairs = np.unique(user[item >= 0] * train.num_items + item[item >= 0])
    given = UserItems.from_pairs(
        *np.divmod(pairs, train.num_items), num_users=len(user_id), num_items=train.num_items
    )
    alone = given.user_degree == 0
    if alone.any():
        _accept_alone(user_id[alone], len(user_id), path, popular=rules.popular_for_cold)
    index = np.arange(given.num_users)
    rows = Rows(id=user_id, index=index, cold=alone, known=[given])
    scorer = NewUsers(saved.model, given, train, saved.device)
    return blocks_of_lists(saved, scorer, rows, rules)


def _accept_alone(alone: NDArray[np.object_], number: int, path: Path, *, popular: bool) -> None:
    if popular:
        log.info(
            "%s without an item that has a train interaction: popular items are recommended",
            some_of(len(alone), number, "user"),
        )
        return
    raise ConfigError(
        f"{path}: {some_of(len(alone), number, 'user')} without an item that has a train "
        f"interaction in this run: {shown_ids(alone)}; remove them, or set cold=popular to "
        "recommend popular items"
    )


class _NewUser:
    """A scorer of one user with given scores."""

    def __init__(self, scores: Float[Tensor, " items"]) -> None:
        self.scores = scores

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the same scores for every user."""
        return self.scores.expand(len(user_index), -1)
