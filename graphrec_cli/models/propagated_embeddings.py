"""What models with propagated embeddings have in common."""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from graphrec_cli.config.model import EmbeddingConfig, Init
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.distributed.processes import ONE_PROCESS, Processes
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.propagation import propagate
from graphrec_cli.models.base import Recommender


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
        self._kept: Tensor | None = None

    def adjacency(self) -> NormalizedAdjacency | None:
        """Return the adjacency of the train pairs; None without layers."""
        return self._norm_adj

    def train_in(self, dtype: torch.dtype) -> None:
        """Propagate in ``dtype`` during training; scoring keeps the precision of the weights."""
        if self._norm_adj is not None:
            self._training_adj = self._norm_adj.to(dtype)

    def final_embeddings(self) -> Float[Tensor, "nodes dim"]:
        """Propagate the embeddings of all nodes, users first."""
        return self._propagate_all() if self._kept is None else self._kept

    @torch.no_grad()
    def keep_embeddings(self) -> None:
        """Propagate now, once for all later calls: the weights change no more."""
        self._kept = self.final_embeddings()

    def _propagate_all(self) -> Float[Tensor, "nodes dim"]:
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
    def fold_in_table(self) -> tuple[Float[Tensor, "items dim"], float]:
        """What each item adds to the embedding of a new user, and a power p.

        ``fold_in`` is the sum of these rows over the given items, divided by their number ^ p.
        """
        return self.final_embeddings()[self.num_users :] * self._item_scale[:, None], 0.5

    @torch.no_grad()
    def prepare_scoring(self) -> None:
        """Propagate the current weights, once for all users."""
        final = self.final_embeddings()
        self._scoring = (final[: self.num_users], final[self.num_users :].T.contiguous())

    def scoring_tables(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "dim items"]]:
        """Return the tables that ``prepare_scoring`` computed."""
        assert self._scoring is not None, "call prepare_scoring() before scoring"
        return self._scoring

    @abstractmethod
    def score_embedded(self, users: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch items"]:
        """Score all items for users with these final embeddings, outside the graph.

        Call ``prepare_scoring`` first.
        """

    @torch.no_grad()
    def score_new_user(self, item_index: Int64[Tensor, " given"]) -> Float[Tensor, " items"]:
        """Score all items for the folded-in user; call ``prepare_scoring`` first."""
        return self.score_embedded(self.fold_in(item_index)[None])[0]
