"""The interface that evaluation needs from a model: a score for every item."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int64
from torch import Tensor


@runtime_checkable
class Scorer(Protocol):
    """Anything that can score all items for a batch of users."""

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch num_items"]:
        """Return finite scores on the device of ``user_index``; higher is better.

        The caller does not modify the result.
        """
        ...


@runtime_checkable
class BufferedScorer(Scorer, Protocol):
    """A scorer that can write its scores into a float32 buffer of the caller."""

    def score_users_into(
        self,
        user_index: Int64[Tensor, " batch"],
        scores: Float[Tensor, "batch num_items"],
    ) -> None:
        """Write the result of ``score_users`` into ``scores``, which saves a copy."""
        ...
