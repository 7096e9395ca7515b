"""Batches of pairs with candidate items that all pairs of a batch share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from graphrec_cli.config.loss import CandidateLossConfig, SoftmaxNegatives
from graphrec_cli.config.sampler import PositivesBy
from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.csr_rows import take_rows
from graphrec_cli.samplers.positives import build_positives
from graphrec_cli.samplers.train_pairs import TrainPairs
from graphrec_cli.system.free_memory import require_memory

_SMALL_CATALOG, _POWER_OF_A_LARGE_CATALOG = 2048, 0.65
"""Where ``log_q_power`` changes by default, and to what; docs/defaults.md has the trials."""
BYTES_A_TRAIN_ITEM = 32
"""Memory to look up one train item of a user in the batch among the candidates."""


class CandidateBatch(NamedTuple):
    """Training examples and their shared candidates; indices are int64.

    Attributes:
        users, pos_items: shape (batch,).
        candidates: distinct items, ascending, shape (candidates,).
        log_weight: log of the candidate's weight in the sum over candidates, shape (candidates,).
        masked_row, masked_column: positions (example, candidate) where the candidate is no negative
            for the example, by ascending row; each of shape (masked,).
    """

    users: Int64[Tensor, " batch"]
    pos_items: Int64[Tensor, " batch"]
    candidates: Int64[Tensor, " candidates"]
    log_weight: Float[Tensor, " candidates"]
    masked_row: Int64[Tensor, " masked"]
    masked_column: Int64[Tensor, " masked"]

    def part(self, examples: slice) -> CandidateBatch:
        """Return some adjacent examples, with all candidates."""
        masked = (self.masked_row >= examples.start) & (self.masked_row < examples.stop)
        return self._replace(
            users=self.users[examples],
            pos_items=self.pos_items[examples],
            masked_row=self.masked_row[masked] - examples.start,
            masked_column=self.masked_column[masked],
        )


class CandidateSampler(TrainPairs):
    """Samples batches of pairs, and candidates for each batch, from one random generator."""

    def __init__(
        self,
        config: CandidateLossConfig,
        by: PositivesBy,
        train: UserItems,
        *,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        """Compute how often each item is a positive or a shared negative.

        Raises:
            DataError: train has no interaction.
        """
        everyone = torch.ones(train.num_users, dtype=torch.bool, device=device)
        super().__init__(train, build_positives(by, train, everyone, device), generator, device)
        in_batch = config.negatives is SoftmaxNegatives.in_batch
        share = positive_share(train, by) if in_batch else negative_share(train, config)
        share = share.to(device)
        self._num_draws = None if in_batch else config.num_negatives
        self._log_share, self._log_q_power = share.log(), log_q_power(train, config)
        # Normalised again because rounding may leave the last sum below 1.
        self._cumulative = share.cumsum(0)
        self._cumulative /= self._cumulative[-1].clone()
        self._pointers = torch.from_numpy(train.indptr).to(device)
        self._mask_seen = config.mask_seen
        self._column = torch.full((train.num_items,), -1, device=device)
        degree = torch.from_numpy(train.user_degree).double()
        self._mean_degree = float(user_share(train, by) @ degree)

    def epoch(self, steps: int | None, batch_size: int, done: int = 0) -> Iterator[CandidateBatch]:
        """Yield pairs with candidates; a candidate sampled twice has twice the weight.

        Raises:
            ConfigError: the train items of a batch's users do not fit into the free memory.
        """
        largest = batch_size if steps is not None else min(batch_size, self.num_pairs)
        looked_up = self._mean_degree if self._mask_seen else 1
        require_memory(
            round(largest * looked_up) * BYTES_A_TRAIN_ITEM,
            self._cumulative.device,
            f"a batch of {largest:,} examples with all train items of their users",
            "lower trainer.batch_size",
        )
        for pairs in self.draw_epoch(steps, batch_size, done):
            users, pos_items = self.users_and_items(pairs)
            drawn = pos_items if self._num_draws is None else self._draw(self._num_draws)
            candidates, times = drawn.unique(return_counts=True)
            log_weight = times.double().log()
            expected = self._log_share.index_select(0, candidates) + math.log(len(drawn))
            log_weight -= self._log_q_power * expected
            masked_row, masked_column = self._masked(users, pos_items, candidates)
            yield CandidateBatch(
                users, pos_items, candidates, log_weight.float(), masked_row, masked_column
            )

    def _masked(
        self,
        users: Int64[Tensor, " batch"],
        pos_items: Int64[Tensor, " batch"],
        candidates: Int64[Tensor, " candidates"],
    ) -> tuple[Int64[Tensor, " masked"], Int64[Tensor, " masked"]]:
        """Rows and columns of the (user, candidate) pairs in train, or of the positives alone.

        There is no table of all pairs. They are ordered by row, and within a row by item index.
        """
        numbers = torch.arange(len(candidates), device=candidates.device)
        column = self._column.index_copy(0, candidates, numbers)
        if self._mask_seen:
            pointers, pairs = take_rows(self._pointers, users)
            row = torch.repeat_interleave(pointers.diff())
            found = column.index_select(0, self._items.index_select(0, pairs))
        else:
            row = torch.arange(len(users), device=users.device)
            found = column.index_select(0, pos_items)
        masked = (found >= 0).nonzero().squeeze(1)
        return row.index_select(0, masked), found.index_select(0, masked)

    def _draw(self, size: int) -> Int64[Tensor, " draws"]:
        fractions = torch.rand(
            size, dtype=torch.float64, device=self._cumulative.device, generator=self._generator
        )
        # From the right, so that items with a share of 0 are never chosen.
        return torch.searchsorted(self._cumulative, fractions, right=True)


def positive_share(train: UserItems, by: PositivesBy) -> Float64[Tensor, " items"]:
    """Probability of each item as a positive sampled ``by``; sums to 1."""
    items = torch.tensor(train.item_index, dtype=torch.int64)
    if by is PositivesBy.weight:
        weight = _weight_share(train)
    else:
        degree = torch.from_numpy(train.user_degree).double()
        # Each item of a user has the same probability.
        users = torch.tensor(train.user_index(), dtype=torch.int64)
        weight = (user_share(train, by) / degree)[users]
    return torch.zeros(train.num_items, dtype=torch.float64).index_add_(0, items, weight)


def user_share(train: UserItems, by: PositivesBy) -> Float64[Tensor, " users"]:
    """Probability of each user among positives sampled ``by``; sums to 1."""
    if by is PositivesBy.weight:
        users = torch.tensor(train.user_index(), dtype=torch.int64)
        zeros = torch.zeros(train.num_users, dtype=torch.float64)
        return zeros.index_add_(0, users, _weight_share(train))
    degree = torch.from_numpy(train.user_degree).double()
    weight = degree if by is PositivesBy.interaction else (degree > 0).double()
    return weight / weight.sum()


def _weight_share(train: UserItems) -> Float64[Tensor, " pairs"]:
    """Probability of each train pair among positives sampled by weight; sums to 1."""
    assert train.weight is not None  # PositivesByWeight has refused it
    weight = torch.from_numpy(train.weight).double()
    return weight / weight.sum()


def negative_share(train: UserItems, config: CandidateLossConfig) -> Float64[Tensor, " items"]:
    """Probability of each item with negatives=shared: a mixture of popularity and uniform."""
    degree = torch.from_numpy(train.item_degree).double()
    in_catalog = (degree > 0).double()
    popular, uniform = degree / degree.sum(), in_catalog / in_catalog.sum()
    return (1 - config.uniform_share) * popular + config.uniform_share * uniform


def log_q_power(train: UserItems, config: CandidateLossConfig) -> float:
    """The power of the correction of ``config``; the default depends on the size of the catalog."""
    if not config.log_q:
        return 0.0
    if config.log_q_power is not None:
        return config.log_q_power
    catalog = int((train.item_degree > 0).sum())
    return 1.0 if catalog <= _SMALL_CATALOG else _POWER_OF_A_LARGE_CATALOG
