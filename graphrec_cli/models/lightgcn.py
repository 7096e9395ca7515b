"""LightGCN, and matrix factorisation as LightGCN without layers."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional

from graphrec_cli.config.model import (
    LightGCNConfig,
    Similarity,
    SimilarityConfig,
)
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.graph.batch_propagation import propagate_rows
from graphrec_cli.graph.gpu_choice import NodesPropagation, nodes_propagation
from graphrec_cli.graph.scaled_propagation import ScaledPropagation
from graphrec_cli.models.base import EmbeddingModel, TripleModel, TripleScores
from graphrec_cli.models.linalg.blocked_product import multiply_into
from graphrec_cli.models.linalg.norm_power import with_norm_power
from graphrec_cli.models.propagated_embeddings import PropagatedEmbeddings


class LightGCN(PropagatedEmbeddings, EmbeddingModel, TripleModel):
    """LightGCN whose score is the dot product or the cosine of the final embeddings.

    ``model=mf`` is LightGCN without a graph and layers.
    """

    def __init__(
        self,
        config: SimilarityConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
        processes: Processes = ONE_PROCESS,
    ) -> None:
        """Build the model.

        Args:
            processes: those that have the columns of the embeddings, as many columns each.
        """
        num_layers = config.num_layers if isinstance(config, LightGCNConfig) else 0
        super().__init__(
            config, num_layers, train, generator=generator, device=device, processes=processes
        )
        self._scaled_propagation: ScaledPropagation | None = None
        if isinstance(config, LightGCNConfig) and config.scales_layers():
            degree = np.concatenate([train.user_degree, train.item_degree])
            self._scaled_propagation = ScaledPropagation(
                torch.from_numpy(degree).to(device),
                own_degree_power=config.own_degree_power,
                neighbor_degree_power=config.neighbor_degree_power,
                normalize_layers=config.normalize_layers,
                layer0_weight=config.layer0_weight,
                processes=processes,
            )
        self.propagates_plainly = self._scaled_propagation is None
        self.similarity = config.similarity
        self.item_norm_power = config.item_norm_power
        # On a GPU, selecting a batch's rows of the graph would make the host wait for the device.
        self.picks_rows = device.type == "cpu"
        self._propagate_nodes: NodesPropagation | None = None

    def _propagate_all(self) -> Float[Tensor, "nodes dim"]:
        if self._scaled_propagation is None:
            return super()._propagate_all()
        norm_adj = self._training_adj if torch.is_grad_enabled() else self._norm_adj
        assert norm_adj is not None  # it has layers
        return self._scaled_propagation(norm_adj, self.layer0_embeddings, self.num_layers)

    @torch.no_grad()
    def fold_in(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " dim"]:
        """Embed a new user by one propagation step from the given items."""
        if self._scaled_propagation is None:
            return super().fold_in(item_index)
        nodes = item_index + self.num_users
        return self._scaled_propagation.new_node(nodes, self.final_embeddings()[nodes])

    @torch.no_grad()
    def fold_in_table(self) -> tuple[Float[Tensor, "items dim"], float]:
        """What each item adds to the embedding of a new user, and a power of their number."""
        if self._scaled_propagation is None:
            return super().fold_in_table()
        return self._scaled_propagation.sent_by_items(self.final_embeddings(), self.num_users)

    def score_triples(
        self,
        users: Int64[Tensor, " batch"],
        pos_items: Int64[Tensor, " batch"],
        neg_items: Int64[Tensor, " batch"],
    ) -> TripleScores:
        """Score triples by dot products or cosines of the final embeddings."""
        user, items = self.embed(users, torch.cat([pos_items, neg_items]))
        pos, neg = items.chunk(2)
        compared_user = self._comparable(user)
        compared_pos, compared_neg = self._comparable(items).chunk(2)
        nodes = torch.cat([users, pos_items + self.num_users, neg_items + self.num_users])
        # embedding's backward is several times faster than that of plain indexing.
        # On a GPU it sorts the nodes, which takes half as many passes over int32.
        places = nodes if self.picks_rows else nodes.int()
        layer0 = functional.embedding(places, self.layer0_embeddings).chunk(3)
        return TripleScores(
            pos_scores=self.processes.sum((compared_user * compared_pos).sum(dim=1)),
            neg_scores=self.processes.sum((compared_user * compared_neg).sum(dim=1)),
            layer0_embeddings=(layer0[0], layer0[1], layer0[2]),
            final_embeddings=(user, pos, neg),
            layer0_table=self.layer0_embeddings,
            processes=self.processes,
        )

    def embed(
        self, users: Int64[Tensor, " users"], items: Int64[Tensor, " items"]
    ) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "items dim"]]:
        """Compute final embeddings of users and of items, differentiably."""
        if self._training_adj is None or not self.picks_rows or not self.propagates_plainly:
            rows = self._embed_nodes(torch.cat([users, items + self.num_users]))
            return rows[: len(users)], rows[len(users) :]
        distinct_users, user_rows = users.unique(return_inverse=True)
        distinct_items, item_rows = items.unique(return_inverse=True)
        user_table, item_table = propagate_rows(
            self._training_adj,
            self.layer0_embeddings,
            self.num_layers,
            distinct_users,
            distinct_items,
        )
        return functional.embedding(user_rows, user_table), functional.embedding(
            item_rows, item_table
        )

    def _embed_nodes(self, nodes: Int64[Tensor, " nodes"]) -> Float[Tensor, "nodes dim"]:
        """Compute final embeddings of nodes, users first, without picking rows of the graph."""
        if self._training_adj is None:
            return functional.embedding(nodes, self.layer0_embeddings)
        if self._scaled_propagation is not None:
            return functional.embedding(nodes, self.final_embeddings())
        if self._propagate_nodes is None:
            self._propagate_nodes = nodes_propagation(self._training_adj)
        return self._propagate_nodes(self.layer0_embeddings, self.num_layers, nodes)

    @torch.no_grad()
    def prepare_scoring(self) -> None:
        """Propagate the current weights, once for all users, and join the columns."""
        final = self.processes.whole_table(self.final_embeddings())
        if self.similarity is Similarity.cosine:
            final = functional.normalize(final)
        users, items = final[: self.num_users], final[self.num_users :]
        self._scoring = (users, with_norm_power(items, self.item_norm_power).T.contiguous())

    def _comparable(self, embeddings: Float[Tensor, "rows dim"]) -> Float[Tensor, "rows dim"]:
        """Normalize the embeddings for cosine similarity, so that dot products are the scores."""
        if self.similarity is Similarity.dot:
            return embeddings
        return self.processes.normalize(embeddings)

    @torch.no_grad()
    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch items"]:
        """Score all items; call ``prepare_scoring`` first."""
        scores = torch.empty(len(user_index), self.num_items, device=user_index.device)
        users, items = self.scoring_tables()
        return multiply_into(users[user_index], items, scores)

    def product_tables(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "dim items"]]:
        """Return the tables whose products are the scores; call ``prepare_scoring`` first."""
        return self.scoring_tables()

    @torch.no_grad()
    def score_embedded(self, users: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch items"]:
        """Score all items for users with these final embeddings; call ``prepare_scoring`` first."""
        return self._comparable(users) @ self.scoring_tables()[1]
