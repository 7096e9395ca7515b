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
    """A law for positive pairs.

    Attributes:
        num_pairs: train pairs of the users that may be drawn.
    """

    num_pairs: int

    def start_pass(self, generator: torch.Generator) -> None:
        """Begin a pass over all pairs, whatever was left of the one before."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Numbers of train pairs, in the order of the train part; shape (size,)."""

    def state_dict(self) -> dict[str, Any]:
        """What, beside the generator's state, decides the draws to come."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state`` was taken."""


class PositivesByUser:
    """A user uniform among the eligible ones, then one of its train items uniform."""

    def __init__(
        self, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
    ) -> None:
        """Keep the users that are eligible and have a train item.

        Raises:
            DataError: there is no such user.
        """
        users = _users_to_draw(train, eligible)
        self.num_pairs = int(train.user_degree[users].sum())
        self._device = device
        self._num_users = len(users)
        self._bound = torch.tensor(len(users), device=device)
        self._first_pair = torch.from_numpy(train.indptr[users]).to(device)
        self._num_items = torch.from_numpy(train.user_degree[users]).to(device)

    def start_pass(self, generator: torch.Generator) -> None:
        """Nothing: every draw is independent of the others."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Numbers of train pairs, in the order of the train part; shape (size,)."""
        return self._pairs_of(draw_below(self._bound.expand(size), generator), generator)

    def state_dict(self) -> dict[str, Any]:
        """Nothing but the generator decides the draws: an empty dict."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing to restore."""

    def _pairs_of(
        self, rows: Int64[Tensor, " batch"], generator: torch.Generator
    ) -> Int64[Tensor, " batch"]:
        """One of the pairs of every drawn user, uniform; ``rows`` are places among the eligible."""
        pairs = draw_below(self._num_items.index_select(0, rows), generator)
        return pairs.add_(self._first_pair.index_select(0, rows))


class PositivesByDistinctUser(PositivesByUser):
    """As ``PositivesByUser``, but no user twice in a batch."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Numbers of train pairs of distinct users; shape (size,).

        Raises:
            ConfigError: there are fewer users than ``size``.
        """
        if size > self._num_users:
            raise ConfigError(
                f"sampler.by=distinct_user cannot fill a batch of {size}: only {self._num_users} "
                "users can be drawn; lower trainer.batch_size"
            )
        rows = torch.randperm(self._num_users, device=self._device, generator=generator)
        return self._pairs_of(rows[:size], generator)


class PositivesByInteraction:
    """Every train pair of the eligible users once a pass, in a shuffled order."""

    def __init__(
        self, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
    ) -> None:
        """Keep the pairs of eligible users.

        Raises:
            DataError: there is no such pair.
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
        """Shuffle all pairs anew, whatever was left of the pass before."""
        # The generator's state stands for the whole order, so a checkpoint stays small.
        self._pass_state = generator.get_state()
        self._order = self._shuffled(generator)
        self._position = 0

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Numbers of train pairs; shape (size,); runs on into new passes."""
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
        """The generator's state at the beginning of this pass (or None) and the place in it."""
        return {"pass_state": self._pass_state, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Shuffle again as the saved pass did and go to its place."""
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


LAWS: dict[PositivesBy, type[PositivesByUser | PositivesByInteraction]] = {
    PositivesBy.user: PositivesByUser,
    PositivesBy.distinct_user: PositivesByDistinctUser,
    PositivesBy.interaction: PositivesByInteraction,
}


def build_positives(
    by: PositivesBy, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
) -> Positives:
    """The law that ``sampler.by`` names, over the users that are eligible.

    Raises:
        DataError: no eligible user has a train item.
    """
    return LAWS[by](train, eligible, device)


def _users_to_draw(train: UserItems, eligible: Tensor) -> NDArray[np.int64]:
    users = np.flatnonzero(eligible.cpu().numpy() & (train.user_degree > 0))
    if not len(users):
        raise DataError(
            "no user can be sampled: each has no train item or no item left to draw as a negative; "
            "check the split, or the pool of the sampler"
        )
    return users
