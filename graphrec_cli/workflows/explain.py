"""Explain one score of a run: what each of the user's train items adds to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.linear_scores import PropagatedScore, SplitScore, split_closed_form
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings
from graphrec_cli.reporting.explanation import Contribution, Explanation, Paths
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.workflows.known_ids import item_in_train, user_in_train
from graphrec_cli.workflows.saved_run import SavedRun, load_run

_PATHS_SHOWN = 3
"""Users through whom the most comes, for each train item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which score to explain, and how far.

    Attributes:
        user, item: raw ids.
        k: train items to show.
        without: also compute the score in the graph without each of them.
        paths: also split what each of them adds by the users it comes through.
    """

    user: str
    item: str
    k: int
    without: bool
    paths: bool


def explain(
    run: RunDirectory, saved: SavedConfig, config: RunConfig, question: Question
) -> Explanation:
    """Load the run and split the score.

    Raises:
        ConfigError: the user or the item is unknown, or has no train interaction.
        NonFiniteError: a score is NaN or infinite.
        GraphrecError: the directory cannot be read, or the config does not fit it.
    """
    loaded = load_run(run, saved, config)
    user = user_in_train(loaded, question.user)
    item = item_in_train(loaded, question.item)
    loaded.model.prepare_scoring()
    with torch.no_grad():
        scores = _scores(loaded, user)
        split, contributions = _contributions(loaded, user, item, float(scores[item]), question)
    rank, candidates = _rank(loaded, user, item, scores)
    shown = sum(each.value for each in contributions)
    return Explanation(
        user_id=question.user,
        item_id=question.item,
        title=_title(loaded, item),
        model=config.model.name,
        score=float(scores[item]),
        rank=rank,
        candidates=candidates,
        part=_part_of(loaded, user, item),
        fixed=split.fixed,
        contributions=contributions,
        other_items=len(split.item) - len(contributions),
        of_other_items=float(split.of_item.sum()) - shown,
    )


def _scores(loaded: SavedRun, user: int) -> NDArray[np.floating]:
    """The scores of all items for a user, shape (items,)."""
    scores = loaded.model.score_users(torch.tensor([user], device=loaded.device))[0]
    if not torch.isfinite(scores).all():
        raise NonFiniteError(
            "a score of the user is NaN or infinite; check the checkpoint for non-finite values"
        )
    return scores.cpu().numpy()


def _contributions(
    loaded: SavedRun, user: int, item: int, score: float, question: Question
) -> tuple[SplitScore, list[Contribution]]:
    """The whole sum, and what is shown of the train items with the largest contributions."""
    model, propagated = loaded.model, None
    if isinstance(model, PropagatedEmbeddings):
        propagated = PropagatedScore(model, user, item)
        split = propagated.split()
    else:
        assert isinstance(model, ClosedForm)
        split = split_closed_form(model, user, item)
    order = split.of_item.abs().argsort(descending=True, stable=True)[: question.k]
    items = split.item[order]
    changes: list[float | None] = [None] * len(items)
    if propagated is not None and question.without:
        changes = (propagated.without(items) - score).tolist()
    item_id = loaded.split.items.ids
    rows = zip(items.tolist(), split.of_item[order].tolist(), changes, strict=True)
    return split, [
        Contribution(
            item_id=str(item_id[train_item]),
            title=_title(loaded, train_item),
            value=value,
            change_without=change,
            paths=_paths(loaded, propagated, train_item)
            if propagated is not None and question.paths
            else None,
        )
        for train_item, value, change in rows
    ]


def _title(loaded: SavedRun, item: int) -> str | None:
    return None if loaded.title is None else str(loaded.title[item]) or None


def _paths(loaded: SavedRun, propagated: PropagatedScore, train_item: int) -> Paths:
    own, users, value = propagated.path(train_item)
    order = value.abs().argsort(descending=True, stable=True)[:_PATHS_SHOWN]
    user_id = loaded.split.users.ids
    return Paths(
        own=float(own),
        users=[
            (str(user_id[user]), of_user)
            for user, of_user in zip(users[order].tolist(), value[order].tolist(), strict=True)
        ],
        other_users=len(users) - len(order),
        of_other_users=float(value.sum() - value[order].sum()),
    )


def _rank(loaded: SavedRun, user: int, item: int, scores: NDArray[np.floating]) -> tuple[int, int]:
    """The place of the item among those that ``recommend`` lists for the user, and their number."""
    degree = loaded.split.train.item_degree
    listed = degree > 0
    for part in loaded.split.parts().values():
        listed[_items_of(part, user)] = False
    listed[item] = True
    index = np.arange(len(degree))
    equal = scores == scores[item]
    first = (degree > degree[item]) | ((degree == degree[item]) & (index < item))
    before = (scores > scores[item]) | (equal & first)
    return 1 + int(np.count_nonzero(before & listed)), int(np.count_nonzero(listed))


def _part_of(loaded: SavedRun, user: int, item: int) -> str | None:
    """The part that has the pair."""
    parts = loaded.split.parts().items()
    return next((name for name, part in parts if item in _items_of(part, user)), None)


def _items_of(part: UserItems, user: int) -> NDArray[np.int32]:
    return part.item_index[part.indptr[user] : part.indptr[user + 1]]
