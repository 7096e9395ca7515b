"""What evaluation asks of a model: a score for every item of the catalog."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int64
from torch import Tensor


@runtime_checkable
class Scorer(Protocol):
    """Anything that can score all items for a batch of users."""

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch num_items"]:
        """Finite scores on the device of ``user_index``, the higher the better; never modified."""
        ...


@runtime_checkable
class BufferedScorer(Scorer, Protocol):
    """A scorer of float32 scores that can write them where the caller wants them."""

    def score_users_into(
        self,
        user_index: Int64[Tensor, " batch"],
        scores: Float[Tensor, "batch num_items"],
    ) -> None:
        """Fill ``scores`` with what ``score_users`` gives: memory used again costs no copy."""
        ...
