"""Scores of new users, each described by items, many at a time."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import csr
from graphrec_cli.graph.csr_rows import take_rows
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.models.base import Recommender
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings


class NewUsers:
    """A scorer whose users are the rows of ``given``; a user without items gets popularity."""

    def __init__(
        self, model: Recommender, given: UserItems, train: UserItems, device: torch.device
    ) -> None:
        """Fold in all users at once; ``model.prepare_scoring`` comes first.

        Args:
            given: the items of each new user, which have train interactions.
            train: the model's own train part.
        """
        self._model = model
        self._indptr = torch.from_numpy(given.indptr).to(device)
        self._items = torch.from_numpy(given.item_index).to(device, torch.int64)
        self._popularity = torch.from_numpy(train.item_degree).to(device)
        self._embeddings: Tensor | None = None
        if isinstance(model, PropagatedEmbeddings):
            table, power = model.fold_in_table()
            ones = torch.ones(len(self._items), dtype=table.dtype, device=device)
            rows = csr(self._indptr, self._items, ones, (given.num_users, given.num_items))
            number = self._indptr.diff().clamp(min=1)[:, None]
            self._embeddings = multiply(rows, table) / number.to(table.dtype) ** power

    @torch.no_grad()
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Score all items for some of the new users."""
        bounds, place = take_rows(self._indptr, user_index)
        scores = self._score(user_index, bounds, self._items[place])
        alone = bounds.diff()[:, None] == 0
        return torch.where(alone, self._popularity.to(scores.dtype), scores)

    def _score(self, user_index: Tensor, bounds: Tensor, items: Tensor) -> Tensor:
        model = self._model
        if isinstance(model, PropagatedEmbeddings):
            assert self._embeddings is not None
            return model.score_embedded(self._embeddings[user_index])
        if isinstance(model, ClosedForm):
            return model.score_rows(bounds, items)
        # Popularity, and models of plugins: one user after the other.
        ends = bounds[1:-1].tolist()
        rows = [
            model.score_new_user(own) if len(own) else self._popularity
            for own in items.tensor_split(ends)
        ]
        return torch.stack([row.to(rows[0].dtype) for row in rows])
