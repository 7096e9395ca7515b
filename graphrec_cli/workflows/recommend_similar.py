"""Find the items that are similar to an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError
from graphrec_cli.evaluation.scorer import Scorer
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings
from graphrec_cli.reporting.recommendations import Block
from graphrec_cli.workflows.known_ids import items_in_train
from graphrec_cli.workflows.list_blocks import ListRules, Rows, blocks_of_lists
from graphrec_cli.workflows.saved_run import SavedRun


def lists_of_similar_items(
    saved: SavedRun, wanted: Sequence[str], rules: ListRules
) -> Iterator[Block]:
    """The items that are most similar to each of the wanted ones, without that item itself.

    Raises:
        ConfigError: an item is unknown or has no train interaction, or the model has neither item
            embeddings nor an item-item operator.
    """
    scorer = similarity_scorer(saved)
    items = items_in_train(saved, "similar_to", wanted)
    rows = Rows(
        id=np.array(wanted, dtype=np.object_),
        index=items,
        cold=np.zeros(len(items), dtype=np.bool_),
        known=[itself(saved.split.train.num_items)],
    )
    return blocks_of_lists(saved, scorer, rows, rules)


def similarity_scorer(saved: SavedRun) -> Scorer:
    """A scorer of items for items, which take the place of users.

    Raises:
        ConfigError: the model has neither item embeddings nor an item-item operator.
    """
    model = saved.model
    if not isinstance(model, PropagatedEmbeddings | ClosedForm):
        raise ConfigError(
            f"similar_to needs item embeddings or an item-item operator, which "
            f"model={saved.config.model.name} does not have; name a run of another model"
        )
    return _Cosines(model) if isinstance(model, PropagatedEmbeddings) else _OperatorRows(model)


def itself(num_items: int) -> UserItems:
    """The pairs of every item with itself, which no list of similar items has."""
    every = np.arange(num_items + 1)
    return UserItems(every.astype(np.int64), every[:-1].astype(np.int32), num_items)


class _Cosines:
    """Scores items by the cosine of their final embeddings."""

    @torch.no_grad()
    def __init__(self, model: PropagatedEmbeddings) -> None:
        self._rows = functional.normalize(model.final_embeddings()[model.num_users :])

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the similarities to items, which take the place of users."""
        return self._rows[user_index] @ self._rows.T


class _OperatorRows:
    """Scores items by what an item adds to their scores for every user who has it."""

    def __init__(self, model: ClosedForm) -> None:
        self._model = model

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Return the rows of the operator of items, which take the place of users."""
        bounds = torch.arange(len(user_index) + 1, device=user_index.device)
        return self._model.score_rows(bounds, user_index)
