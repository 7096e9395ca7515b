"""A run that stays in memory and answers the questions of ``graphrec serve``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import compress

import numpy as np
import torch
from numpy.typing import NDArray

from graphrec_cli import __version__
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.serialize import read_config
from graphrec_cli.data.files.files import sha256_of
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError
from graphrec_cli.evaluation.exact_ranks.user_chunks import users_per_chunk
from graphrec_cli.evaluation.scorer import ItemScorer, Scorer
from graphrec_cli.evaluation.top_k import TopFinder, TopItems, top_k
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings
from graphrec_cli.reporting.recommendations import Block, JsonLists
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.serving.question import Question
from graphrec_cli.serving.refused import Refused
from graphrec_cli.system.threads import set_threads
from graphrec_cli.terminal_text import shorten
from graphrec_cli.workflows.list_blocks import ListRules
from graphrec_cli.workflows.recommend_new_users import list_for_items
from graphrec_cli.workflows.recommend_similar import itself, similarity_scorer
from graphrec_cli.workflows.saved_run import SavedRun, load_run

Finder = Callable[[NDArray[np.int64], int], TopItems]
"""Finds the k best items of rows of a scorer."""

_IDS_SHOWN, _ID_SHOWN = 5, 40


class ServedRun:
    """Answers one question at a time; what all of them share is made once.

    Attributes:
        health: the run and its weights, for JSON.
    """

    def __init__(self, run: RunDirectory, loaded: SavedRun) -> None:
        """Prepare a loaded run."""
        split, train, model = loaded.split, loaded.split.train, loaded.model
        if isinstance(model, PropagatedEmbeddings):
            model.keep_embeddings()
        model.prepare_scoring()
        self._loaded = loaded
        user_id, item_id = split.users.text(), split.items.text()
        self._user = dict(zip(user_id.tolist(), range(len(user_id)), strict=True))
        self._item = dict(zip(item_id.tolist(), range(len(item_id)), strict=True))
        title = None if loaded.title is None else loaded.title.astype(np.object_)
        self._json = JsonLists(item_id, title)
        self._catalog_size = int(np.count_nonzero(train.item_degree))
        self._every_item = np.ones(train.num_items, dtype=np.bool_)
        # The free memory takes longer to find out than a list.
        self._chunk = users_per_chunk(train.num_items, loaded.device)
        self._threads = torch.get_num_threads()
        self._for_users = {
            True: self._finder(model, list(split.parts().values())),
            False: self._finder(model, []),
        }
        self._similar = self._similar_finder()
        self.health = {
            "run": run.path.resolve().name,
            "model": loaded.config.model.name,
            "state": run.state()[0],
            "users": train.num_users,
            "items": self._catalog_size,
            "weights_sha256": sha256_of(run.best),
            "loaded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "version": __version__,
        }

    def answer(self, question: Question) -> str:
        """The lists that a question asks for, as ``graphrec recommend --json`` prints them.

        Raises:
            Refused: 404 for an unknown id, 422 if k is larger than the catalog.
        """
        if torch.get_num_threads() != self._threads:  # torch counts them for each thread
            set_threads(self._threads)
        if question.k > self._catalog_size:
            raise Refused(
                422,
                f"k={question.k} is more than the {self._catalog_size} items with a train "
                "interaction",
            )
        if question.key in ("user", "users"):
            users = _known("user", question.ids, self._user, self._loaded.split.train.user_degree)
            top = self._for_users[question.exclude_seen](users, question.k)
            return self._text(self._block(question.ids, top), "user_id")
        items = _known("item", question.ids, self._item, self._loaded.split.train.item_degree)
        if question.key == "items":
            rules = ListRules(
                k=question.k,
                exclude_seen=question.exclude_seen,
                popular_for_cold=False,
                candidate=self._every_item,
            )
            (block,) = list_for_items(self._loaded, items, rules)
            return self._text(block, "user_id")
        if self._similar is None:
            model = self._loaded.config.model.name
            raise Refused(404, f"model={model} knows no similar items")
        top = self._similar(items, question.k)
        return self._text(self._block(question.ids, top), "similar_to")

    def _text(self, block: Block, named_by: str) -> str:
        return "[\n" + ",\n".join(self._json.lines(block, named_by)) + "\n]\n"

    def _block(self, ids: Sequence[str], top: TopItems) -> Block:
        cold = np.zeros(len(ids), dtype=np.bool_)
        return Block(user_id=np.array(ids, dtype=np.object_), cold=cold, top=top)

    def _similar_finder(self) -> Finder | None:
        try:
            scorer = similarity_scorer(self._loaded)
        except ConfigError:
            return None
        return self._finder(scorer, [itself(self._loaded.split.train.num_items)])

    def _finder(self, scorer: Scorer, masked: list[UserItems]) -> Finder:
        degree = self._loaded.split.train.item_degree
        if isinstance(scorer, ItemScorer):
            return lambda rows, k: top_k(scorer, rows, k=k, item_degree=degree, masked=masked)
        finder = TopFinder(
            scorer, k=1, item_degree=degree, masked=masked, device=self._loaded.device
        )
        return lambda rows, k: finder.for_k(k).find(rows, self._chunk)


def load_served(run: RunDirectory, overrides: list[str]) -> ServedRun:
    """Load a run, with the words that change its saved config.

    Raises:
        GraphrecError: the directory cannot be read, or a word is wrong.
    """
    run.refuse_without_model()
    saved = read_config(run.config)
    config = compose_saved(saved, overrides).config
    return ServedRun(run, load_run(run, saved, config))


def _known(
    kind: str, ids: Sequence[str], known: dict[str, int], degree: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The indices of raw ids.

    Raises:
        Refused: some are unknown, or have no train interaction.
    """
    index = np.array([known.get(id, -1) for id in ids], dtype=np.int64)
    refused = (index < 0) | (degree[index] == 0)
    if refused.any():
        wrong = list(compress(ids, refused.tolist()))
        shown = ", ".join(repr(shorten(id, _ID_SHOWN)) for id in wrong[:_IDS_SHOWN])
        more = ", ..." if len(wrong) > _IDS_SHOWN else ""
        which = f"{kind} {shown} is" if len(wrong) == 1 else f"{kind}s {shown}{more} are"
        raise Refused(404, f"{which} unknown to this run, or without a train interaction in it")
    return index
