"""Recommend items to users of a run, or to a new user described by items."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.evaluation.popular_for_cold import PopularForCold
from graphrec_cli.evaluation.scorer import Scorer
from graphrec_cli.evaluation.top_k import top_k
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.reporting.recommendations import Block, Recommendations
from graphrec_cli.terminal_text import counted, shorten
from graphrec_cli.workflows.saved_run import SavedRun

log = logging.getLogger("graphrec")

_BLOCK_ROWS = 1 << 17
_IDS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who gets recommendations, and how many.

    Attributes:
        users: distinct raw ids; None for all users, and if ``items`` is set.
        items: distinct raw ids of a new user's items; None for users of the run.
        k: items per user.
        exclude_seen: exclude the user's train, valid and test items.
        popular_for_cold: recommend popular items to users without a train interaction, instead
            of an error.
    """

    users: Sequence[str] | None
    items: Sequence[str] | None
    k: int
    exclude_seen: bool
    popular_for_cold: bool


def recommend(loaded: SavedRun, request: Request) -> Recommendations:
    """Find the users; the lists are computed in blocks during iteration.

    Args:
        loaded: a run whose model is prepared for scoring.

    Raises:
        ConfigError: a user or an item of the request is unknown.
        DataError: k is larger than the catalog.
    """
    catalog_size = int(np.count_nonzero(loaded.split.train.item_degree))
    if request.k > catalog_size:
        raise DataError(
            f"k={request.k} is more than the {catalog_size} items with a train interaction; "
            f"set k to at most {catalog_size}"
        )
    blocks = _for_users if request.items is None else _for_new_user
    return Recommendations(
        item_id=loaded.split.items.text(),
        title=None if loaded.title is None else loaded.title.astype(np.object_),
        marks_cold=request.popular_for_cold,
        blocks=_watch_zeros(loaded.model, blocks(loaded, request)),
    )


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


def _for_users(saved: SavedRun, request: Request) -> Iterator[Block]:
    split, train = saved.split, saved.split.train
    if request.users is None:
        user_id, users = split.users.text(), np.arange(train.num_users)
        if not request.popular_for_cold:
            trained = np.flatnonzero(train.user_degree)
            log_skipped(len(users) - len(trained))
            user_id, users = user_id[trained], trained
    else:
        user_id = np.array(request.users, dtype=np.object_)
        users = _index_of(split.users, user_id)
    # Unknown users share one extra index, whose row is empty in every part.
    users = np.where(users < 0, train.num_users, users)
    cold = np.append(train.user_degree == 0, True)[users]
    scorer: Scorer = saved.model
    if cold.any():
        commas = _hint_of_commas("users", split.users)
        _accept_cold(user_id[cold], len(users), commas, popular=request.popular_for_cold)
        scorer = PopularForCold(saved.model, train, saved.device)
    masked = [_with_unknown_user(part) for part in split.parts().values()]
    size = max(1, _BLOCK_ROWS // request.k)

    def blocks() -> Iterator[Block]:
        for start in range(0, len(users), size):
            block = slice(start, start + size)
            top = top_k(
                scorer,
                users[block],
                k=request.k,
                item_degree=train.item_degree,
                masked=masked if request.exclude_seen else [],
                device=saved.device,
            )
            yield Block(user_id=user_id[block], cold=cold[block], top=top)

    return blocks()


def log_skipped(number: int) -> None:
    if number:
        log.warning(
            "skipped %s without a train interaction; cold=popular gives them popular items",
            counted(number, "user"),
        )


def _accept_cold(cold: NDArray[np.object_], asked: int, commas: str, *, popular: bool) -> None:
    if popular:
        log.info(
            "%d of the %d users have no train interaction and get popular items", len(cold), asked
        )
        return
    raise ConfigError(
        f"{len(cold)} of the {asked} users are unknown to this run, or have no train interaction "
        f"in it: {_shown(cold)}; remove them, or set cold=popular to recommend popular items"
        f"{commas}"
    )


def _hint_of_commas(key: str, ids: IdMap) -> str:
    """How to name ids with a comma, which separates ids on the command line; "" without any."""
    with_comma = next((id for id in ids.text().tolist() if "," in id), None)
    if with_comma is None:
        return ""
    shown = shorten(with_comma, 40)
    return (
        f"; ids with commas, such as '{shown}', are read from a file: {key}=@FILE, one id per line"
    )


def _for_new_user(saved: SavedRun, request: Request) -> Iterator[Block]:
    split, train = saved.split, saved.split.train
    assert request.items is not None
    item_id = np.array(request.items, dtype=np.object_)
    items = _index_of(split.items, item_id)
    unusable = np.append(train.item_degree == 0, True)[items]
    if unusable.any():
        raise ConfigError(
            f"{np.count_nonzero(unusable)} of the {len(items)} items are unknown to this run, or "
            f"have no train interaction in it: {_shown(item_id[unusable])}; "
            + (
                _ids_of_titles(saved, request.items)
                or f"remove them from items{_hint_of_commas('items', split.items)}"
            )
        )
    given = UserItems.from_pairs(
        np.zeros_like(items), items, num_users=1, num_items=train.num_items
    )
    scores = saved.model.score_new_user(torch.from_numpy(items).to(saved.device))

    def blocks() -> Iterator[Block]:
        top = top_k(
            _NewUser(scores),
            np.zeros(1, dtype=np.int64),
            k=request.k,
            item_degree=train.item_degree,
            masked=[given] if request.exclude_seen else [],
            device=saved.device,
        )
        yield Block(user_id=np.array([None]), cold=np.zeros(1, dtype=np.bool_), top=top)

    return blocks()


def _ids_of_titles(saved: SavedRun, wanted: Sequence[str]) -> str:
    """The ids of items whose titles were given in place of ids; empty without any."""
    if saved.title is None:
        return ""
    item_id, title = saved.split.items.text(), saved.title.astype(np.object_)
    # Ids are separated by commas, which titles contain as well.
    names = {*wanted, ",".join(wanted)}
    found = [
        f"'{title[index]}' is items={item_id[index]}"
        for index in range(len(title))
        if title[index] in names
    ]
    return f"items takes ids, not titles: {', '.join(found[:_IDS_SHOWN])}" if found else ""


class _NewUser:
    """A scorer of one user with given scores."""

    def __init__(self, scores: Float[Tensor, " items"]) -> None:
        self.scores = scores

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the same scores for every user."""
        return self.scores.expand(len(user_index), -1)


def _index_of(ids: IdMap, wanted: NDArray[np.object_]) -> NDArray[np.int64]:
    """The index of every id in ``wanted``, -1 if unknown."""
    # Python strings, because numpy's lose trailing NULs and pad all to the longest.
    known = pd.Index(ids.text(), dtype=np.object_)
    return known.get_indexer(pd.Index(wanted, dtype=np.object_)).astype(np.int64)


def _with_unknown_user(part: UserItems) -> UserItems:
    return UserItems(np.append(part.indptr, part.num_pairs), part.item_index, part.num_items)


def _shown(ids: NDArray[np.object_]) -> str:
    more = ", ..." if len(ids) > _IDS_SHOWN else ""
    return ", ".join(map(repr, ids[:_IDS_SHOWN])) + more
