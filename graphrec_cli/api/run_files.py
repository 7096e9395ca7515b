"""What the files of a run hold: its config, its figures, its data and its ranks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphrec_cli.api.frames import history_frame, pairs_frame, ranks_frame
from graphrec_cli.config.compose import compose_saved
from graphrec_cli.config.evaluation import RatingConfig
from graphrec_cli.config.plugins import loaded_plugins
from graphrec_cli.config.run import Device
from graphrec_cli.config.serialize import config_to_dict, read_config
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.history import read_history
from graphrec_cli.rundir.ranks_npz import load_ranks
from graphrec_cli.workflows.saved_run import SavedRun, load_scorer


class RunFiles:
    """The part of ``Run`` that shows what its files hold."""

    def __init__(
        self,
        directory: RunDirectory,
        overrides: Sequence[str] = (),
        *,
        device: Device = Device.cpu,
        num_threads: int | None = None,
        plugins: Sequence[str] = (),
    ) -> None:
        self._directory = directory
        self._plugins = tuple(plugins)
        with self._with_plugins():
            self._saved = read_config(directory.config)
            config = compose_saved(self._saved, list(overrides)).config
        self._config = replace(config, device=device, num_threads=num_threads)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self.path)!r}: {self.state}>"

    @property
    def path(self) -> Path:
        """The run directory."""
        return self._directory.path

    @property
    def state(self) -> str:
        """``running``, ``completed``, ``failed``, ``interrupted`` or ``pruned``."""
        return self._directory.state()[0]

    @property
    def config(self) -> dict[str, Any]:
        """The content of config.json."""
        return config_to_dict(self._saved)

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json, with ``test``, ``valid`` and ``baselines``.

        Raises:
            OutputError: the run has not come to its evaluation.
        """
        return self._directory.read(self._directory.metrics)

    @property
    def history(self) -> pd.DataFrame:
        """A row per epoch; validation metrics are columns such as ``valid ndcg@10``.

        Raises:
            OutputError: history.jsonl is damaged.
        """
        return history_frame(read_history(self._directory.history))

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """A row per held-out test pair that counts, with ``user_id``, ``item_id`` and ``rank``.

        Ranks are float64 and begin at 0; an item that counts as never found has the rank infinity,
        so that ``rank < k`` and ``1 / log2(rank + 2)`` are right for it as well.

        Raises:
            OutputError: there is no ranks.npz, or it holds predicted ratings.
        """
        if isinstance(self._config.evaluation, RatingConfig):
            raise OutputError(f"{self.path} has no ranks: evaluation=rating predicts ratings")
        train = self._loaded.split.train
        ranks = load_ranks(
            self._directory.ranks, num_users=train.num_users, num_items=train.num_items
        )
        return ranks_frame(ranks, self.user_ids, self.item_ids)

    @cached_property
    def user_ids(self) -> NDArray[np.object_]:
        """The raw ids of the users, as text, in the order of every array; shape (users,)."""
        return _read_only(self._loaded.split.users.text())

    @cached_property
    def item_ids(self) -> NDArray[np.object_]:
        """The raw ids of the items, as text, in the order of every array; shape (items,)."""
        return _read_only(self._loaded.split.items.text())

    @cached_property
    def titles(self) -> NDArray[np.object_] | None:
        """The titles of the items, empty where unknown; shape (items,). None without titles."""
        title = self._loaded.title
        return None if title is None else _read_only(title.astype(np.object_))

    @cached_property
    def train(self) -> pd.DataFrame:
        """The train pairs, with ``user_id``, ``item_id``, and ``rating`` if there are ratings."""
        return self._pairs(self._loaded.split.train)

    @cached_property
    def valid(self) -> pd.DataFrame:
        """The validation pairs, as ``train``; no rows without a validation part."""
        train = self._loaded.split.train
        rows = np.empty(0, dtype=np.int32)
        none = UserItems(np.zeros(train.num_users + 1, np.int64), rows, train.num_items)
        return self._pairs(self._loaded.split.valid or none)

    @cached_property
    def test(self) -> pd.DataFrame:
        """The test pairs, as ``train``; no rows without a test part."""
        return self._pairs(self._loaded.split.test)

    def _with_plugins(self) -> AbstractContextManager[None]:
        return loaded_plugins(self._plugins) if self._plugins else nullcontext()

    @cached_property
    def _loaded(self) -> SavedRun:
        with self._with_plugins():
            return load_scorer(self._directory, self._saved, self._config)

    def _pairs(self, part: UserItems) -> pd.DataFrame:
        return pairs_frame(part, self.user_ids, self.item_ids)


def _read_only(values: NDArray[np.object_]) -> NDArray[np.object_]:
    values.setflags(write=False)
    return values
