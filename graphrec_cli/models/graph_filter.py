"""What graph filters with an ideal low-pass part have in common."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from graphrec_cli.config.closed_form import GraphFilterConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.adjacency import NormalizedAdjacency, normalized_adjacency
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.system.free_memory import require_memory

COLUMNS = {"cpu": 32, "cuda": 512}
"""Most users in a product; on a CPU few enough for the caches to hold what a row gathers."""


class GraphFilter(ClosedForm):
    """A polynomial of S'S, plus alpha D^-p V V' D^p.

    S is the normalized adjacency of users and items, D the items' degrees, V the right singular
    vectors of S with the largest singular values. The operator is never made: each factor is
    applied in turn.
    """

    singular_vectors: Tensor
    degree_power: float

    def __init__(
        self,
        config: GraphFilterConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
        values_at_a_time: int = 1 << 23,
    ) -> None:
        """Begin unsolved.

        Args:
            generator: draws the vectors that the search begins with.
            values_at_a_time: float32 values of all users that the polynomial holds at a time.
        """
        super().__init__(train, device)
        self._name = config.name
        self._values_at_a_time = values_at_a_time
        self.alpha = config.alpha
        self._generator = generator
        self._norm_adj = normalized_adjacency(train, device)
        width = min(config.singular_vectors, train.num_users, train.num_items)
        vectors = torch.empty(train.num_items, width, device="meta")
        self.register_buffer("singular_vectors", vectors)
        # An item without an interaction is in nobody's row, so 1 serves instead of 0.
        degree = torch.from_numpy(train.item_degree).clamp(min=1)
        self._item_scale = degree.to(device, torch.float32).pow(self.degree_power)
        self._ideal: tuple[Tensor, Tensor] | None = None

    def adjacency(self) -> NormalizedAdjacency:
        """Of the train pairs."""
        return self._norm_adj

    @torch.no_grad()
    def solve(self) -> None:
        """Find the singular vectors.

        Raises:
            ConfigError: the search would not fit into the memory that is free, or has no end.
        """
        width = self.singular_vectors.shape[1]
        require_memory(
            self.memory_of_search(self.train_part.num_users, self.train_part.num_items, width),
            torch.device("cpu"),
            f"model={self._name} with {width:,} singular vectors of "
            f"{self.train_part.num_items:,} items",
            "lower model.singular_vectors, or free memory",
        )
        user_item, item_user = (block.cpu() for block in self._norm_adj)
        vectors = self.search(user_item, item_user, width, self._generator)
        self.singular_vectors = vectors.to(self.device, torch.float32)

    @staticmethod
    @abstractmethod
    def memory_of_search(rows: int, columns: int, number: int) -> int:
        """Bytes that ``search`` takes at most, beside the matrix itself."""

    @staticmethod
    @abstractmethod
    def search(
        matrix: Float[Tensor, "rows columns"],
        transposed: Float[Tensor, "columns rows"],
        number: int,
        generator: torch.Generator,
    ) -> Float[Tensor, "columns number"]:
        """Leading right singular vectors of a sparse matrix on the CPU."""

    @torch.no_grad()
    def prepare_scoring(self) -> None:
        """Scale the singular vectors for either side of the ideal filter."""
        scale = self._item_scale[:, None]
        left = self.singular_vectors * (self.alpha / scale)
        self._ideal = left, (self.singular_vectors * scale).T.contiguous()

    @abstractmethod
    def polynomial(self, x: Float[Tensor, "items batch"]) -> Float[Tensor, "items batch"]:
        """The polynomial's scores for users whose items are the columns of ``x``."""

    def score_histories(
        self, histories: Float[Tensor, "batch items"]
    ) -> Float[Tensor, "batch items"]:
        """The polynomial, and alpha times the ideal filter."""
        assert self._ideal is not None, "prepare_scoring() comes before scores are asked for"
        left, right = self._ideal
        scores = multiply(histories, left) @ right
        # Between its two factors S'S has a value for each of all users.
        size = max(1, self._values_at_a_time // self.train_part.num_users)
        size = min(size, COLUMNS[self.device.type])
        for rows, place in zip(histories.to_dense().split(size), scores.split(size), strict=True):
            place.add_(self.polynomial(rows.T.contiguous()).T)
        return scores
