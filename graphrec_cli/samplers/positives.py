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
        batches_are_independent: whether a draw may be divided into batches.
    """

    num_pairs: int
    batches_are_independent: bool

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

    batches_are_independent = True

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

    batches_are_independent = False

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

    batches_are_independent = True

    def __init__(
        self, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
    ) -> None:
        """Keep the pairs of eligible users.

        Raises:
            DataError: no eligible user has a train pair.
        """
        self._pairs = torch.from_numpy(_pairs_to_draw(train, eligible)).to(device)
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


class PositivesByWeight:
    """Samples train pairs of the eligible users with probability proportional to their weights."""

    batches_are_independent = True

    def __init__(
        self, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
    ) -> None:
        """Sum up the weights of the pairs of eligible users.

        Raises:
            DataError: pairs have no weights, or no eligible user has a train pair.
        """
        if train.weight is None:
            raise DataError("sampler.by=weight needs weights, and this data set has none")
        pairs = _pairs_to_draw(train, eligible)
        self.num_pairs = len(pairs)
        self._pairs = torch.from_numpy(pairs).to(device)
        cumulative = np.cumsum(train.weight[pairs], dtype=np.float64)
        self._cumulative = torch.from_numpy(cumulative / cumulative[-1]).to(device)

    def start_pass(self, generator: torch.Generator) -> None:
        """Do nothing: all samples are independent."""

    def draw(self, size: int, generator: torch.Generator) -> Int64[Tensor, " batch"]:
        """Sample positions of train pairs, shape (size,), with replacement."""
        fractions = torch.rand(
            size, dtype=torch.float64, device=self._cumulative.device, generator=generator
        )
        # The fractions are below 1, which is the last sum, so a place is always found.
        places = torch.searchsorted(self._cumulative, fractions, right=True)
        return self._pairs.index_select(0, places)

    def state_dict(self) -> dict[str, Any]:
        """Return an empty dict: only the generator determines the samples."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Do nothing: the state is empty."""


POSITIVES: dict[PositivesBy, type[PositivesByUser | PositivesByInteraction | PositivesByWeight]] = {
    PositivesBy.user: PositivesByUser,
    PositivesBy.distinct_user: PositivesByDistinctUser,
    PositivesBy.interaction: PositivesByInteraction,
    PositivesBy.weight: PositivesByWeight,
}


def build_positives(
    by: PositivesBy, train: UserItems, eligible: Bool[Tensor, " users"], device: torch.device
) -> Positives:
    """Build the distribution that ``sampler.by`` names, over the eligible users.

    Raises:
        DataError: no eligible user has a train item, or pairs have no weights for ``by=weight``.
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


def _pairs_to_draw(train: UserItems, eligible: Tensor) -> NDArray[np.int64]:
    """Positions of the train pairs of the eligible users, ascending."""
    is_drawn = np.zeros(train.num_users, dtype=bool)
    is_drawn[_users_to_draw(train, eligible)] = True
    return np.flatnonzero(is_drawn[train.user_index()])
