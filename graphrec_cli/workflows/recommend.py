"""Recommend items to users of a run or to new users, or the items that are similar to others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.errors import DataError
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.reporting.recommendations import Block, Recommendations
from graphrec_cli.workflows.known_ids import items_of_run
from graphrec_cli.workflows.list_blocks import ListRules
from graphrec_cli.workflows.recommend_new_users import list_for_new_user, lists_for_new_users
from graphrec_cli.workflows.recommend_similar import lists_of_similar_items
from graphrec_cli.workflows.recommend_users import lists_for_users
from graphrec_cli.workflows.saved_run import SavedRun

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who gets recommendations, and of which kind. At most one of the first four is not None.

    Attributes:
        users: distinct raw ids; None for all users.
        items: distinct raw ids of a new user's items.
        users_items: a table of new users and their items.
        similar_to: distinct raw ids of items, each of which gets a list of similar items.
        k: items per list.
        exclude_seen: exclude the user's train, valid and test items.
        popular_for_cold: recommend popular items to users without a train interaction, instead
            of an error.
        allow: raw ids of the only items to recommend; None for all.
        deny: raw ids of items not to recommend; None for none.
    """

    users: Sequence[str] | None = None
    items: Sequence[str] | None = None
    users_items: Path | None = None
    similar_to: Sequence[str] | None = None
    k: int
    exclude_seen: bool = True
    popular_for_cold: bool = False
    allow: Sequence[str] | None = None
    deny: Sequence[str] | None = None


def recommend(loaded: SavedRun, request: Request) -> Recommendations:
    """Find the users; the lists are computed in blocks during iteration.

    Args:
        loaded: a run whose model is prepared for scoring.

    Raises:
        ConfigError: a user or an item of the request is unknown, or the model has no similar items.
        DataError: k is larger than the catalog, or the table of new users is faulty.
    """
    catalog_size = int(np.count_nonzero(loaded.split.train.item_degree))
    if request.k > catalog_size:
        raise DataError(
            f"k={request.k} is more than the {catalog_size} items with a train interaction; "
            f"set k to at most {catalog_size}"
        )
    rules = ListRules(
        k=request.k,
        exclude_seen=request.exclude_seen,
        popular_for_cold=request.popular_for_cold,
        candidate=_candidates(loaded, request),
    )
    return Recommendations(
        item_id=loaded.split.items.text(),
        title=None if loaded.title is None else loaded.title.astype(np.object_),
        marks_cold=request.popular_for_cold,
        blocks=_watch_zeros(loaded.model, _lists(loaded, request, rules)),
        named_by="user_id" if request.similar_to is None else "similar_to",
    )


def _candidates(loaded: SavedRun, request: Request) -> NDArray[np.bool_]:
    """Whether an item may be recommended, shape (items,)."""
    candidate = np.full(loaded.split.train.num_items, request.allow is None)
    if request.allow is not None:
        candidate[items_of_run(loaded, "allow", request.allow)] = True
    if request.deny is not None:
        candidate[items_of_run(loaded, "deny", request.deny)] = False
    return candidate


def _lists(loaded: SavedRun, request: Request, rules: ListRules) -> Iterator[Block]:
    if request.similar_to is not None:
        return lists_of_similar_items(loaded, request.similar_to, rules)
    if request.users_items is not None:
        return lists_for_new_users(loaded, request.users_items, rules)
    if request.items is not None:
        return list_for_new_user(loaded, request.items, rules)
    return lists_for_users(loaded, request.users, rules)


def _watch_zeros(model: Recommender, blocks: Iterator[Block]) -> Iterator[Block]:
    """Pass the blocks on, then log how many lists end with items that the model knows nothing of.

    Only models without embeddings give such items exactly the score 0.
    """
    lists = ending = 0
    for block in blocks:
        length = block.top.length
        lists += len(length)
        last = np.cumsum(length)[length > 0] - 1
        ending += int(np.count_nonzero(block.top.score[last] == 0))
        yield block
    if ending and isinstance(model, ClosedForm):
        log.info(
            "%d of %d lists end with items of score 0, which have nothing in common with the "
            "user's items; the most popular of them come first",
            ending,
            lists,
        )
