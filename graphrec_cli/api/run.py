"""A run as Python sees it: what its files hold, its embeddings and its recommendations."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from graphrec_cli.api.ids import Id, Ids, distinct_ids, id_texts
from graphrec_cli.api.run_files import RunFiles
from graphrec_cli.commands.recommend import CHOICES
from graphrec_cli.commands.run_arguments import one_of
from graphrec_cli.errors import ConfigError
from graphrec_cli.evaluation.exact_ranks.user_chunks import in_chunks, users_per_chunk
from graphrec_cli.system.free_memory import require_memory
from graphrec_cli.workflows.recommend import Request
from graphrec_cli.workflows.recommend_frame import recommend_frame
from graphrec_cli.workflows.scoring_vectors import ScoringVectors, scoring_vectors


class Run(RunFiles):
    """A run directory that Python reads and never changes; ``load_run`` and ``train`` return it.

    Figures are read from their files every time, because a run may be going on; data, model and
    embeddings are read once. Errors are those of ``graphrec_cli.errors``.
    """

    def user_embeddings(self) -> NDArray[np.float32]:
        """The final embeddings of the users, shape (users, dim), in the order of ``user_ids``.

        The dot product with ``item_embeddings`` is the score: for ``similarity=cosine`` both are
        normalized, and ``item_norm_power`` is applied. The arrays are read-only.

        Raises:
            ConfigError: the model has none, as those in closed form.
        """
        return self._vectors.user

    def item_embeddings(self) -> NDArray[np.float32]:
        """The final embeddings of the items, shape (items, dim), in the order of ``item_ids``."""
        return self._vectors.item

    def embedding_of(
        self, *, user: Id | None = None, item: Id | None = None
    ) -> NDArray[np.float32]:
        """The final embedding of one user or one item, shape (dim,).

        Raises:
            ConfigError: the id is unknown, both or none are given, or the model has no embeddings.
        """
        if (user is None) is (item is None):
            raise ConfigError("embedding_of takes user=ID or item=ID")
        table = self._vectors.item if user is None else self._vectors.user
        kind, name = ("item", item) if user is None else ("user", user)
        embedding: NDArray[np.float32] = table[self._index_of(kind, name)[0]]
        return embedding

    def scores(self, users: Ids | None = None, items: Ids | None = None) -> NDArray[np.floating]:
        """The scores of items for users, shape (users, items), in the order given.

        Also of users and items without a train interaction, which ``recommend`` leaves out.

        Args:
            users: raw ids; None is all, in the order of ``user_ids``.
            items: raw ids; None is all, in the order of ``item_ids``.

        Raises:
            ConfigError: an id is unknown, or the scores do not fit into memory.
        """
        loaded, num_items = self._loaded, len(self.item_ids)
        user_index, item_index = self._index_of("user", users), self._index_of("item", items)
        wanted = len(user_index) * len(item_index) * np.dtype(np.float32).itemsize
        require_memory(wanted, torch.device("cpu"), "the scores", "name fewer users or items")
        blocks = in_chunks(
            user_index,
            lambda chunk: (
                loaded.model.score_users(torch.from_numpy(chunk).to(loaded.device))
                .cpu()
                .numpy()[:, item_index]
            ),
            users_per_chunk(num_items, loaded.device),
            release=lambda: None,
        )
        return np.concatenate([np.empty((0, len(item_index)), np.float32), *blocks])

    def recommend(
        self,
        users: Ids | None = None,
        items: Ids | None = None,
        *,
        k: int = 10,
        exclude_seen: bool = True,
        cold: Literal["error", "popular"] = "error",
    ) -> pd.DataFrame:
        """The items with the highest scores, as ``graphrec recommend`` gives them.

        Args:
            users: raw ids; None is all users.
            items: instead of users, the raw ids of a new user's items.
            k: items per user; fewer if fewer are left.
            exclude_seen: leave out the user's train, valid and test items, or the given items.
            cold: for users without a train interaction, an error or popular items.

        Returns:
            A row per recommended item, with ``user_id`` (None for a new user), ``rank`` (from 1),
            ``item_id``, ``score``, ``title`` if the data has titles, and with ``cold="popular"``
            whether the user is ``cold``.

        Raises:
            ConfigError: an id is unknown, a user is cold, or an argument is wrong.
            DataError: k is larger than the catalog.
        """
        one_of("cold", cold, CHOICES["cold"])
        if items is not None and (users is not None or cold == "popular"):
            raise ConfigError("items describes a new user; remove users and cold")
        request = Request(
            users=None if users is None else distinct_ids("users", users),
            items=None if items is None else distinct_ids("items", items),
            k=_count(k),
            exclude_seen=exclude_seen,
            popular_for_cold=cold == "popular",
        )
        return recommend_frame(self._loaded, request)

    def similar_items(self, item: Id, k: int = 10) -> pd.DataFrame:
        """The items that are most similar to an item, as ``graphrec recommend similar_to=`` gives.

        Args:
            item: a raw id with a train interaction.
            k: number of items; fewer if there are fewer.

        Returns:
            A row per item, with ``rank`` (from 1), ``item_id``, ``score``, and ``title`` if there
            are titles.

        Raises:
            ConfigError: the item is unknown or has no train interaction, or the model has neither
                item embeddings nor an item-item operator.
            DataError: k is larger than the catalog.
        """
        request = Request(similar_to=distinct_ids("item", item), k=_count(k))
        return recommend_frame(self._loaded, request).drop(columns="similar_to")

    @cached_property
    def _vectors(self) -> ScoringVectors:
        return scoring_vectors(self._loaded, self._config.model.name)

    @cached_property
    def _known(self) -> dict[str, pd.Index]:
        ids = {"user": self.user_ids, "item": self.item_ids}
        return {kind: pd.Index(each, dtype=np.object_) for kind, each in ids.items()}

    def _index_of(self, kind: str, wanted: Ids | None) -> NDArray[np.int64]:
        """The indices of raw ids; of all for None."""
        known = self._known[kind]
        if wanted is None:
            return np.arange(len(known))
        names = id_texts(wanted)
        index = known.get_indexer(pd.Index(names, dtype=np.object_)).astype(np.int64)
        if (index < 0).any():
            unknown = names[int(np.argmin(index))]
            raise ConfigError(f"{kind} {unknown!r} is unknown to {self.path}")
        return index


def _count(k: int) -> int:
    if k < 1:
        raise ConfigError(f"k must be at least 1, got {k}")
    return k
