"""Batches of triples: a user, a positive (train) item and a negative item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.samplers.positives import Positives, build_positives
from graphrec_cli.samplers.train_pairs import TrainPairs


class Triples(NamedTuple):
    """A batch of training examples; indices are int64, each of shape (batch,)."""

    users: Int64[Tensor, " batch"]
    pos_items: Int64[Tensor, " batch"]
    neg_items: Int64[Tensor, " batch"]


@runtime_checkable
class Negatives(Protocol):
    """A distribution of negative items.

    Attributes:
        eligible: bool, shape (users,): users with at least one item that can be sampled.

    With an attribute ``batches_are_independent`` that is true, a GPU may ask for the negatives of a
    million examples at once.
    """

    eligible: Bool[Tensor, " users"]

    def sample(
        self, users: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """Sample one negative item for each entry of ``users``, all of them eligible."""


class TripleSampler(TrainPairs):
    """Samples batches of triples from one random generator."""

    def __init__(
        self,
        train: UserItems,
        positives: Positives,
        negatives: Negatives,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Combine ``positives`` and ``negatives``, both built for ``train`` and ``device``."""
        super().__init__(train, positives, generator, device)
        has_items = torch.from_numpy(train.user_degree > 0).to(device)
        self.skipped_users = int((has_items & ~negatives.eligible).sum())
        self._negatives = negatives

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[Triples]:
        """Yield pairs, each with a negative item of its user."""
        return self.draw_batches(steps, batch_size, done, self._triples_of)

    def _batches_at_once(self, batch_size: int) -> int:
        if not getattr(self._negatives, "batches_are_independent", False):
            return 1
        return super()._batches_at_once(batch_size)

    def _triples_of(self, pairs: Int64[Tensor, " batch"]) -> Triples:
        users, pos_items = self.users_and_items(pairs)
        return Triples(users, pos_items, self._negatives.sample(users, self._generator))


def build_triples(
    by: PositivesBy,
    train: UserItems,
    negatives: Negatives,
    *,
    generator: torch.Generator,
    device: torch.device,
) -> TripleSampler:
    """Build a sampler from the positives that ``sampler.by`` names and from ``negatives``.

    Raises:
        DataError: no user has both a train item and a negative item.
    """
    positives = build_positives(by, train, negatives.eligible, device)
    return TripleSampler(train, positives, negatives, generator, device)
