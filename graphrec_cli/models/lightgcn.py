"""LightGCN, and matrix factorisation as LightGCN without layers."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from graphrec_cli.config.model import (
    EmbeddingConfig,
    Init,
    LightGCNConfig,
    Similarity,
    SimilarityConfig,
)
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.batch_propagation import propagate_rows
from graphrec_cli.graph.gpu_choice import NodesPropagation, nodes_propagation
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.graph.scaled_propagation import ScaledPropagation
from graphrec_cli.models.base import EmbeddingModel, Recommender, TripleModel, TripleScores
from graphrec_cli.models.linalg.blocked_product import multiply_into


class PropagatedEmbeddings(Recommender):
    """User and item embeddings, propagated over the graph and averaged over the layers.

    He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for
    Recommendation", SIGIR 2020.
    """

    def __init__(
        self,
        config: EmbeddingConfig,
        num_layers: int,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
        processes: Processes = ONE_PROCESS,
    ) -> None:
        super().__init__()
        self.processes = processes
        self.num_users, self.num_items = train.num_users, train.num_items
        self.num_layers = num_layers
        layer0 = torch.empty(self.num_users + self.num_items, config.embedding_dim)
        if config.init is Init.xavier:
            nn.init.xavier_uniform_(layer0, generator=generator)
        elif config.init is Init.xavier_per_table:
            nn.init.xavier_uniform_(layer0[: self.num_users], generator=generator)
            nn.init.xavier_uniform_(layer0[self.num_users :], generator=generator)
        else:
            nn.init.normal_(layer0, std=config.init_std, generator=generator)
        # Every process draws the whole table, so that the columns do not depend on their number.
        self.layer0_embeddings = nn.Parameter(processes.own_columns(layer0).to(device))
        self._norm_adj = normalized_adjacency(train, device) if num_layers else None
        self._training_adj = self._norm_adj
        # Clamped to avoid infinity; items without interactions are never folded in.
        degree = torch.from_numpy(train.item_degree).clamp(min=1)
        self._item_scale = degree.to(device, torch.float32).rsqrt()
        self._scoring: tuple[Tensor, Tensor] | None = None

    def adjacency(self) -> NormalizedAdjacency | None:
        """Return the adjacency of the train pairs; None without layers."""
        return self._norm_adj

    def train_in(self, dtype: torch.dtype) -> None:
        """Propagate in ``dtype`` during training; scoring keeps the precision of the weights."""
        if self._norm_adj is not None:
            self._training_adj = self._norm_adj.to(dtype)

    def final_embeddings(self) -> Float[Tensor, "nodes dim"]:
        """Propagate the embeddings of all nodes, users first."""
        norm_adj = self._training_adj if torch.is_grad_enabled() else self._norm_adj
        if norm_adj is None:
            return self.layer0_embeddings
        return propagate(norm_adj, self.layer0_embeddings, self.num_layers)

    @torch.no_grad()
    def fold_in(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " dim"]:
        """Embed a new user by one propagation step from the given items.

        This is the sum of the items' final embeddings, each divided by sqrt(number of given items *
        the item's train degree), as in the normalized adjacency with unchanged item degrees.
        """
        items = self.final_embeddings()[self.num_users :][item_index]
        return self._item_scale[item_index] @ items / math.sqrt(len(item_index))

    @torch.no_grad()
    def prepare_scoring(self) -> None:
        """Propagate the current weights, once for all users."""
        final = self.final_embeddings()
        self._scoring = (final[: self.num_users], final[self.num_users :].T.contiguous())

    def scoring_tables(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "dim items"]]:
        """Return the tables that ``prepare_scoring`` computed."""
        assert self._scoring is not None, "call prepare_scoring() before scoring"
        return self._scoring


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

    def final_embeddings(self) -> Float[Tensor, "nodes dim"]:
        """Propagate the embeddings of all nodes, users first."""
        if self._scaled_propagation is None:
            return super().final_embeddings()
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
        if self.item_norm_power != 1:
            # As in functional.normalize: an item whose embedding is 0 keeps its score of 0.
            norms = items.norm(dim=1, keepdim=True).clamp(min=1e-12)
            items = items / norms * norms.pow(self.item_norm_power)
        self._scoring = (users, items.T.contiguous())

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
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """Score all items for the folded-in user; call ``prepare_scoring`` first."""
        _, items = self.scoring_tables()
        return self._comparable(self.fold_in(item_index)[None])[0] @ items
