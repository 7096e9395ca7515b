"""EASE, a linear autoencoder whose best weights have a closed form."""

from __future__ import annotations

import logging

import torch
from jaxtyping import Float
from torch import Tensor

from graphrec_cli.config.closed_form import EASEConfig
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError
from graphrec_cli.graph.sparse_product import multiply
from graphrec_cli.models.closed_form import ClosedForm
from graphrec_cli.models.linalg.spd_inverse import BLOCK, invert_in_place
from graphrec_cli.system.free_memory import require_memory

log = logging.getLogger("graphrec")


class EASE(ClosedForm):
    """A user's items times B = I - P diag(1 / diag(P)), where P = (X'X + l2 I)^-1.

    Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019. X holds a 1 for every
    train pair; B is the least-squares solution of XB = X with an L2 penalty and zeros on its
    diagonal.
    """

    item_weights: Tensor

    def __init__(
        self,
        config: EASEConfig,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Begin unsolved; nothing is drawn from ``generator``."""
        super().__init__(train, device)
        self.l2 = config.l2
        weights = torch.empty(train.num_items, train.num_items, device="meta")
        self.register_buffer("item_weights", weights)

    @torch.no_grad()
    def solve(self) -> None:
        """Invert in float32, in the memory of the result.

        Raises:
            ConfigError: the matrix does not fit into what is free, or ``l2`` is too small for
                float32.
        """
        self._require_memory()
        from graphrec_cli.models.linalg.shared_users import shared_users

        gram = torch.empty(self.item_weights.shape)
        for block, shared in shared_users(self.train_part):
            shared.toarray(out=gram[block].numpy())
        self._refuse_small_l2(float(gram.sum(dim=1).max()))
        gram.diagonal().add_(self.l2)
        try:
            invert_in_place(gram)
        except ValueError as error:
            raise ConfigError(
                f"model.l2={self.l2:g} leaves a matrix that float32 cannot invert; raise it"
            ) from error
        gram.div_(gram.diagonal().clone().neg_())
        gram.fill_diagonal_(0)
        self.item_weights = gram.to(self.device)

    def prepare_scoring(self) -> None:
        """Nothing to prepare: the weights are there."""

    def score_histories(
        self, histories: Float[Tensor, "batch items"]
    ) -> Float[Tensor, "batch items"]:
        """Sums of the items' rows of weights."""
        return multiply(histories, self.item_weights)

    def _require_memory(self) -> None:
        num_items = self.train_part.num_items
        matrix = 4 * num_items**2
        what = f"model=ease with {num_items:,} x {num_items:,} weights"
        advice = (
            "keep fewer items (dataset.k_core.min_item_interactions), free memory, or choose "
            "model=gfcf or model=itemknn, which take memory in proportion to the items"
        )
        require_memory(memory_to_solve(num_items), torch.device("cpu"), what, advice)
        if self.device.type == "cuda":
            require_memory(matrix, self.device, what, advice)
        log.info(
            "ease: inverting %s x %s values in %.1f GB",
            f"{num_items:,}",
            f"{num_items:,}",
            matrix / 1e9,
        )

    def _refuse_small_l2(self, norm: float) -> None:
        """``norm`` bounds the largest eigenvalue, so that norm / l2 bounds the condition.

        A condition of 1 / eps is where float32 has no digit left in the worst case; errors found
        there were a thousandth of the largest weight and less (docs/baselines.md).
        """
        lowest = norm * torch.finfo(torch.float32).eps
        if self.l2 < lowest:
            raise ConfigError(
                f"model.l2={self.l2:g} is too small for float32 beside counts of {norm:,.0f}; "
                f"set it to {lowest:.2g} or more"
            )


def memory_to_solve(num_items: int) -> int:
    """Bytes that ``solve`` takes at most: the matrix, and three stripes of it."""
    return 4 * num_items**2 + 4 * num_items * 3 * BLOCK
