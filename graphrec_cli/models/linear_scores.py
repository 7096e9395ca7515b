"""Scores that are linear in the user's row of the train matrix, split into what each item adds."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.graph.removed_edges import GraphsWithoutEdge
from graphrec_cli.graph.row_terms import RowTerms, Terms
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.lightgcn import LightGCN
from graphrec_cli.models.lightgcn_rating import DotRating, LinearRating
from graphrec_cli.models.linalg.norm_power import with_norm_power
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings

_NODES_AT_A_TIME = 1 << 16
_ROWS_AT_A_TIME = 64


class SplitScore(NamedTuple):
    """A score as a sum; all numbers are float64.

    Attributes:
        fixed: by name, what does not depend on the user's train items.
        item: the user's train items, ascending.
        of_item: what each of them adds.
    """

    fixed: dict[str, float]
    item: Int64[Tensor, " items"]
    of_item: Float[Tensor, " items"]


class PropagatedScore:
    """The score of one item for one user, from embeddings that are propagated as in LightGCN."""

    def __init__(self, model: PropagatedEmbeddings, user: int, item: int) -> None:
        """Propagate once, in float64; ``model.prepare_scoring`` comes first.

        Args:
            model: with at least one layer, no scaling of layers, and no normalisation of users.
        """
        norm_adj = model.adjacency()
        assert norm_adj is not None
        self._model, self._user, self._item = model, user, item
        self._norm_adj = norm_adj.to(torch.float64)
        self._layer0 = model.layer0_embeddings.detach()
        self._constants = _constants(model, user, item)
        self._item_vector = model.scoring_tables()[1][:, item].double()
        query = _query(model, self._item_vector)
        values = [block.double() @ query for block in self._layer0.split(_NODES_AT_A_TIME)]
        self._terms = RowTerms(self._norm_adj, torch.cat(values), model.num_layers)

    def split(self) -> SplitScore:
        """The user's own layer 0, the terms that no user's embedding is in, and each train item's.

        They are called ``own``, and for rating models ``item``, ``bias``, ``user_bias``,
        ``item_bias`` and ``mean_rating``.
        """
        own, item, of_item = self._terms.of_user(self._user)
        fixed = {"own": float(own)}
        if isinstance(self._model, LinearRating):
            fixed["item"] = float(self._model.weight[1].detach().double() @ self._item_vector)
        return SplitScore(fixed | self._constants, item, of_item)

    def path(self, train_item: int) -> Terms:
        """What a train item adds, as its own layer 0 and what each of its users adds."""
        return self._terms.of_path(self._user, train_item)

    def without(self, train_items: Int64[Tensor, " graphs"]) -> Float[Tensor, " graphs"]:
        """The score in the graph without the user's edge to each of the train items.

        The degrees of both ends are renewed and all embeddings propagated again; the weights are
        those that were trained.
        """
        graphs = GraphsWithoutEdge(self._norm_adj, self._user)
        users, items = graphs.embed(self._layer0, self._model.num_layers, train_items, self._item)
        return _products(self._model, users, items) + sum(self._constants.values())


def split_closed_form(model: ClosedForm, user: int, item: int) -> SplitScore:
    """What each train item of the user adds to the score; ``model.prepare_scoring`` comes first."""
    train = model.train_part
    items = torch.from_numpy(train.item_index[train.indptr[user] : train.indptr[user + 1]])
    items = items.to(model.device, torch.int64)
    rows = torch.arange(_ROWS_AT_A_TIME + 1, device=model.device)
    parts = [
        model.score_rows(rows[: len(block) + 1], block)[:, item]
        for block in items.split(_ROWS_AT_A_TIME)
    ]
    return SplitScore({}, items, torch.cat(parts).double())


def _query(model: PropagatedEmbeddings, item: Float[Tensor, " dim"]) -> Float[Tensor, " dim"]:
    """The vector that the user's embedding is multiplied by."""
    return model.weight[0].detach().double() if isinstance(model, LinearRating) else item


def _constants(model: PropagatedEmbeddings, user: int, item: int) -> dict[str, float]:
    """The terms of a score that no embedding is in."""
    if isinstance(model, LinearRating):
        return {"bias": float(model.bias.detach())}
    if isinstance(model, DotRating):
        return {
            "user_bias": float(model.user_bias.detach()[user]),
            "item_bias": float(model.item_bias.detach()[item]),
            "mean_rating": float(model.mean_rating),
        }
    return {}


def _products(
    model: PropagatedEmbeddings, users: Float[Tensor, "rows dim"], items: Float[Tensor, "rows dim"]
) -> Float[Tensor, " rows"]:
    """The scores of pairs of embeddings, without constants."""
    if isinstance(model, LinearRating):
        weight = model.weight.detach().double()
        return users @ weight[0] + items @ weight[1]
    if isinstance(model, LightGCN):
        items = with_norm_power(items, model.item_norm_power)
    return (users * items).sum(dim=1)
