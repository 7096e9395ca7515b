"""Recommend items to users of a run, or to a new user described by items."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.errors import DataError
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.reporting.recommendations import Block, Recommendations
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.workflows.list_blocks import ListRules
from graphrec_cli.workflows.recommend_new_user import list_for_new_user
from graphrec_cli.workflows.recommend_users import lists_for_users
from graphrec_cli.workflows.saved_run import SavedRun, load_run

log = logging.getLogger("graphrec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who gets recommendations, and of which kind.

    Attributes:
        users: distinct raw ids; None for all users, and if ``items`` is set.
        items: distinct raw ids of a new user's items; None for users of the run.
        rules: what every list has to keep to.
    """

    users: Sequence[str] | None
    items: Sequence[str] | None
    rules: ListRules


def recommend(
    run: RunDirectory, saved: SavedConfig, config: RunConfig, request: Request
) -> Recommendations:
    """Load the run and find the users; the lists are computed in blocks during iteration.

    Raises:
        ConfigError: a user or an item of the request is unknown.
        DataError: k is larger than the catalog.
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    loaded = load_run(run, saved, config)
    k, catalog_size = request.rules.k, int(np.count_nonzero(loaded.split.train.item_degree))
    if k > catalog_size:
        raise DataError(
            f"k={k} is more than the {catalog_size} items with a train interaction; "
            f"set k to at most {catalog_size}"
        )
    loaded.model.prepare_scoring()
    return Recommendations(
        item_id=loaded.split.items.text(),
        title=None if loaded.title is None else loaded.title.astype(np.object_),
        marks_cold=request.rules.popular_for_cold,
        blocks=_watch_zeros(loaded.model, _lists(loaded, request)),
    )


def _lists(loaded: SavedRun, request: Request) -> Iterator[Block]:
    if request.items is not None:
        return list_for_new_user(loaded, request.items, request.rules)
    return lists_for_users(loaded, request.users, request.rules)


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
