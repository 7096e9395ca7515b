"""Positive pairs: a user and one of its train items."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import ConfigError, DataError
from graphrec_cli.samplers.draws import draw_below


@runtime_checkable
class Positives(Protocol):
    """A distribution of positive pairs.

    Attributes:
        num_pairs: train pairs of the users that can be sampled.
    """

    num_pairs: int

    def start_pass(self, generator: torch.Generator) -> None:
        """Start a new pass over all pairs, even if the last one is not finished."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Sample positions of pairs in the train part, shape (size,)."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state that, with the generator's, determines all further samples."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore ``state``."""


class PositivesByUser:
    """Samples an eligible user uniformly, then one of the user's train items uniformly."""

    def __init__(
        self, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
    ) -> None:
        """Keep the users that are eligible and have a train item.

        Raises:
            DataError: no user is eligible and has a train item.
        """
        users = _users_to_draw(train, eligible)
        self.num_pairs = int(train.user_degree[users].sum())
        self._device = device
        self._num_users = len(users)
        self._bound = torch.tensor(len(users), device=device)
        self._first_pair = torch.from_numpy(train.indptr[users]).to(device)
        self._num_items = torch.from_numpy(train.user_degree[users]).to(device)

    def start_pass(self, generator: torch.Generator) -> None:
        """Do nothing: all samples are independent."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Sample positions of pairs in the train part, shape (size,)."""
        return self._pairs_of(draw_below(self._bound.expand(size), generator), generator)

    def state_dict(self) -> dict[str, Any]:
        """Return an empty dict: only the generator determines the samples."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing: the state is empty."""

    def _pairs_of(
        self, rows: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """Sample one pair per user uniformly; ``rows`` are positions among eligible users."""
        pairs = draw_below(self._num_items.index_select(0, rows), generator)
        return pairs.add_(self._first_pair.index_select(0, rows))


class PositivesByDistinctUser(PositivesByUser):
    """Like ``PositivesByUser``, but the users of a batch are distinct."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Sample positions of train pairs of distinct users, shape (size,).

        Raises:
            ConfigError: ``size`` is larger than the number of users.
        """
        if size > self._num_users:
            raise ConfigError(
                f"sampler.by=distinct_user cannot fill a batch of {size}, because only "
                f"{self._num_users} users can be sampled; lower trainer.batch_size"
            )
        rows = torch.randperm(self._num_users, device=self._device, generator=generator)
        return self._pairs_of(rows[:size], generator)


class PositivesByInteraction:
    """Every train pair of the eligible users once per pass, in random order."""

    def __init__(
        self, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
    ) -> None:
        """Keep the pairs of eligible users.

        Raises:
            DataError: no eligible user has a train pair.
        """
        users = _users_to_draw(train, eligible)
        is_drawn = np.zeros(train.num_users, dtype=bool)
        is_drawn[users] = True
        self._pairs = torch.from_numpy(np.flatnonzero(is_drawn[train.user_index()])).to(device)
        self.num_pairs = len(self._pairs)
        self._device = device
        self._order = torch.empty(0, dtype=torch.int32, device=device)
        self._position = 0
        self._pass_state: Tensor | None = None

    def start_pass(self, generator: torch.Generator) -> None:
        """Shuffle all pairs again, even if the last pass is not finished."""
        # The generator's state determines the whole order, so a checkpoint stays small.
        self._pass_state = generator.get_state()
        self._order = self._shuffled(generator)
        self._position = 0

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Sample positions of train pairs, shape (size,), starting new passes as needed."""
        parts = []
        while size:
            if self._position >= len(self._order):
                self.start_pass(generator)
            part = self._order[self._position : self._position + size]
            self._position += len(part)
            size -= len(part)
            parts.append(part)
        return self._pairs.index_select(0, torch.cat(parts))

    def state_dict(self) -> dict[str, Any]:
        """Return the generator's state at the start of the pass and the position in the pass."""
        return {"pass_state": self._pass_state, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Repeat the shuffle of the saved pass and move to its position."""
        self._pass_state = state["pass_state"]
        self._position = state["position"]
        self._order = self._order[:0]
        if self._pass_state is not None:
            self._pass_state = self._pass_state.cpu()
            generator = torch.Generator(self._device)
            generator.set_state(self._pass_state)
            self._order = self._shuffled(generator)

    def _shuffled(self, generator: torch.Generator) -> Tensor:
        fits_int32 = self.num_pairs <= torch.iinfo(torch.int32).max
        return torch.randperm(
            self.num_pairs,
            dtype=torch.int32 if fits_int32 else torch.int64,
            device=self._device,
            generator=generator,
        )


POSITIVES: dict[PositivesBy, type[PositivesByUser | PositivesByInteraction]] = {
    PositivesBy.user: PositivesByUser,
    PositivesBy.distinct_user: PositivesByDistinctUser,
    PositivesBy.interaction: PositivesByInteraction,
}


def build_positives(
    by: PositivesBy, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
) -> Positives:
    """Build the distribution that ``sampler.by`` names, over the eligible users.

    Raises:
        DataError: no eligible user has a train item.
    """
    return POSITIVES[by](train, eligible, device)


def _users_to_draw(train: UserItems, eligible: Tensor) -> NDArray[np.int64]:
    users = np.flatnonzero(eligible.cpu().numpy() & (train.user_degree > 0))
    if not len(users):
        raise DataError(
            "no user can be sampled, because each lacks a train item or an item to sample as a "
            "negative; check the split, or the pool of the sampler"
        )
    return users
