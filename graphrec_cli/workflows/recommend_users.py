"""Recommend items to users of a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError
from graphrec_cli.evaluation.popular_for_cold import PopularForCold
from graphrec_cli.evaluation.scorer import Scorer
from graphrec_cli.reporting.recommendations import Block
from graphrec_cli.terminal_text import counted
from graphrec_cli.workflows.known_ids import hint_of_commas, index_of, shown_ids, some_of
from graphrec_cli.workflows.list_blocks import ListRules, Rows, blocks_of_lists
from graphrec_cli.workflows.saved_run import SavedRun

log = logging.getLogger("graphrec")


def lists_for_users(
    saved: SavedRun, wanted: Sequence[str] | None, rules: ListRules
) -> Iterator[Block]:
    """The lists of users by raw id, or of all users.

    Raises:
        ConfigError: a user is unknown or has no train interaction, and gets no popular items.
    """
    split, train = saved.split, saved.split.train
    if wanted is None:
        user_id, users = split.users.text(), np.arange(train.num_users)
        if not rules.popular_for_cold:
            trained = np.flatnonzero(train.user_degree)
            _log_skipped(len(users) - len(trained))
            user_id, users = user_id[trained], trained
    else:
        user_id = np.array(wanted, dtype=np.object_)
        users = index_of(split.users, user_id)
    # Unknown users share one extra index, whose row is empty in every part.
    users = np.where(users < 0, train.num_users, users)
    cold = np.append(train.user_degree == 0, True)[users]
    scorer: Scorer = saved.model
    if cold.any():
        commas = hint_of_commas("users", split.users)
        _accept_cold(user_id[cold], len(users), commas, popular=rules.popular_for_cold)
        scorer = PopularForCold(saved.model, train, saved.device)
    known = [_with_unknown_user(part) for part in split.parts().values()]
    rows = Rows(id=user_id, index=users, cold=cold, known=known)
    return blocks_of_lists(saved, scorer, rows, rules)


def _log_skipped(number: int) -> None:
    if number:
        log.warning(
            "skipped %s without a train interaction; cold=popular gives them popular items",
            counted(number, "user"),
        )


def _accept_cold(cold: NDArray[np.object_], asked: int, commas: str, *, popular: bool) -> None:
    if popular:
        log.info(
            "%s without a train interaction: popular items are recommended",
            some_of(len(cold), asked, "user"),
        )
        return
    raise ConfigError(
        f"{some_of(len(cold), asked, 'user')} unknown to this run, or without a train interaction "
        f"in it: {shown_ids(cold)}; remove them, or set cold=popular to recommend popular items"
        f"{commas}"
    )


def _with_unknown_user(part: UserItems) -> UserItems:
    return UserItems(np.append(part.indptr, part.num_pairs), part.item_index, part.num_items)
