"""Triples of a user, an item that it has in train and one that it has not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.positives import Positives, build_positives, draw_epoch


class Triples(NamedTuple):
    """A batch of training examples; indices, int64, each of shape (batch,)."""

    users: Int64[Tensor, " batch"]
    pos_items: Int64[Tensor, " batch"]
    neg_items: Int64[Tensor, " batch"]


@runtime_checkable
class Negatives(Protocol):
    """A law for negative items.

    Attributes:
        eligible: bool, shape (users,): users with at least one item that the law can draw.
    """

    eligible: Bool[Tensor, " users"]

    def sample(
        self, users: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """One negative item for every row of ``users``, all of them eligible."""


class TripleSampler:
    """Draws batches of triples from one generator.

    Attributes:
        num_pairs: train pairs of the users that may be drawn: the triples of a whole pass.
        skipped_users: users with train items that are never drawn, having no negative item.
    """

    def __init__(
        self,
        train: UserItems,
        positives: Positives,
        negatives: Negatives,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Join two laws that were built on ``train`` and ``device``."""
        has_items = torch.from_numpy(train.user_degree > 0).to(device)
        self._users = torch.from_numpy(train.user_index()).to(device)
        self._items = torch.tensor(train.item_index, device=device)
        self.num_pairs = positives.num_pairs
        self.skipped_users = int((has_items & ~negatives.eligible).sum())
        self._positives = positives
        self._negatives = negatives
        self._generator = generator

    def epoch(self, steps: int | None, batch_size: int) -> Iterator[Triples]:
        """Draw ``steps`` batches of ``batch_size`` triples.

        With ``steps`` None a new pass begins and as many triples as there are pairs are drawn, so
        the last batch may be short.
        """
        for pairs in draw_epoch(self._positives, steps, batch_size, self._generator):
            users = self._users.index_select(0, pairs).long()
            pos_items = self._items.index_select(0, pairs).long()
            neg_items = self._negatives.sample(users, self._generator)
            yield Triples(users, pos_items, neg_items)

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values; with them a sampler goes on with the very same draws.

        Take it between epochs, or between two batches of an epoch whose ``steps`` were given.
        """
        return {
            "generator": self._generator.get_state(),
            "positives": self._positives.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken; the sampler must be built on the same train part."""
        self._generator.set_state(state["generator"].cpu())
        self._positives.load_state_dict(state["positives"])


def build_triples(
    by: PositivesBy,
    train: UserItems,
    negatives: Negatives,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> TripleSampler:
    """A sampler of the positives that ``sampler.by`` names and of ``negatives``.

    Raises:
        DataError: no user has both a train item and a negative item.
    """
    positives = build_positives(by, train, negatives.eligible, device)
    return TripleSampler(train, positives, negatives, generator, device)
