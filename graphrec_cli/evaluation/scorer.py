"""The interface that evaluation needs from a model: a score for every item."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int64
from torch import Tensor

from graphrec_cli.distributed.processes import Processes


@runtime_checkable
class Scorer(Protocol):
    """Anything that can score all items for a batch of users."""

    def score_users(self, user_index: Int64[Tensor, " batch"]) -> Float[Tensor, "batch num_items"]:
        """Return finite scores on the device of ``user_index``; higher is better.

        The caller does not modify the result.
        """
        ...


@runtime_checkable
class DotProductScorer(Scorer, Protocol):
    """A scorer whose scores are the products of two tables.

    Evaluation computes these products itself, and leaves out those that cannot matter.
    """

    def product_tables(self) -> tuple[Float[Tensor, "users dim"], Float[Tensor, "dim num_items"]]:
        """Return both tables in float32, on the device where users are scored."""
        ...


@runtime_checkable
class SharedScorer(Scorer, Protocol):
    """A scorer that several processes have, so that each ranks items for some users.

    Attributes:
        processes: they all evaluate this scorer at the same time.
    """

    processes: Processes


@runtime_checkable
class ItemScorer(Scorer, Protocol):
    """A scorer whose scores are the same for all users.

    Evaluation then needs no row of scores for a user.
    """

    def item_scores(self) -> Float[Tensor, " items"]:
        """Return the score of every item."""
        ...
