"""Count the items scored above each held-out pair where all users have the same scores.

A pair's counts are those of its item in the catalog, less the user's masked items. No user's row of
scores is needed, and only the ties are compared one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.evaluation.exact_ranks.pair_counts import PairCounts
from graphrec_cli.evaluation.exact_ranks.tie_order import tie_hash, user_tie_keys

_TIE_BLOCK = 1 << 17
"""Comparisons of a pair with a tied item at a time, few enough to stay in the CPU caches."""


class CountsByItem:
    """The catalog in descending order of its scores, and every user's masked items likewise."""

    def __init__(
        self,
        counts: PairCounts,
        item_scores: Tensor,
        *,
        masked: Sequence[UserItems],
        cold_items: NDArray[np.int64],
    ) -> None:
        """Prepare to fill ``counts``.

        Args:
            item_scores: shape (items,).
            masked: pairs to mask; the parts share no pair.
            cold_items: items outside the catalog.

        Raises:
            DataError: a pair is masked.
            NonFiniteError: a score is NaN or infinite.
        """
        self.counts = counts
        self.scores = item_scores.double().cpu().numpy()
        if not np.isfinite(self.scores).all():
            item = int(np.flatnonzero(~np.isfinite(self.scores))[0])
            raise NonFiniteError(f"the score of item index {item} is NaN or infinite")
        num_items = len(self.scores)
        levels, level = np.unique(-self.scores, return_inverse=True)
        in_catalog = np.ones(num_items, dtype=bool)
        in_catalog[cold_items] = False
        self.level, self.num_levels = level, len(levels)
        catalog = np.flatnonzero(in_catalog)
        self.items = catalog[np.argsort(level[catalog], kind="stable")]
        size = np.bincount(level[catalog], minlength=self.num_levels)
        self.start = np.concatenate([[0], np.cumsum(size)])

        users = np.concatenate([part.user_index() for part in masked]).astype(np.int64)
        items = np.concatenate([part.item_index for part in masked]).astype(np.int64)
        pair_keys = counts.user_index * num_items + counts.item_index
        if (also_masked := np.isin(pair_keys, users * num_items + items)).any():
            counts.refuse_masked(int(np.flatnonzero(also_masked)[0]))
        users, items = users[in_catalog[items]], items[in_catalog[items]]
        keys = self._key(users, level[items])
        order = np.argsort(keys, kind="stable")
        self.masked_keys, self.masked_items = keys[order], items[order]

    def _key(self, users: NDArray[np.int64], level: NDArray[np.int64]) -> NDArray[np.int64]:
        """One number that orders by user, then level."""
        return users * self.num_levels + level

    def run(self) -> None:
        """Fill the counts."""
        counts = self.counts
        level = self.level[counts.item_index]
        key = self._key(counts.user_index, level)
        of_user, first, end = (
            np.searchsorted(self.masked_keys, bound)
            for bound in (self._key(counts.user_index, np.zeros_like(level)), key, key + 1)
        )
        counts.score[:] = self.scores[counts.item_index]
        counts.higher[:] = self.start[level] - (first - of_user)
        size = self.start[level + 1] - self.start[level]
        counts.equal[:] = size - (end - first) - 1
        if not counts.hash_ties:
            return
        tied = np.flatnonzero(counts.equal)
        compared = np.cumsum((size + end - first)[tied])
        ends = np.searchsorted(compared, np.arange(_TIE_BLOCK, compared[-1:].sum(), _TIE_BLOCK))
        for pairs in np.split(tied, ends):
            catalog = self._earlier(pairs, self.start[level[pairs]], size[pairs], self.items)
            masked = self._earlier(pairs, first[pairs], (end - first)[pairs], self.masked_items)
            counts.first[pairs] = catalog - masked

    def _earlier(
        self,
        pairs: NDArray[np.int64],
        first: NDArray[np.int64],
        length: NDArray[np.int64],
        items: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Of each pair's ``items[first : first + length]``, count those before it in hash order."""
        row = np.repeat(np.arange(len(pairs)), length)
        place = np.arange(len(row)) + np.repeat(first - (np.cumsum(length) - length), length)
        users, own = (
            torch.from_numpy(index[pairs])
            for index in (self.counts.user_index, self.counts.item_index)
        )
        keys = user_tie_keys(self.counts.tie_seed, users)
        others = tie_hash(keys[torch.from_numpy(row)], torch.from_numpy(items[place]))
        earlier = others.numpy() < tie_hash(keys, own).numpy()[row]
        return np.bincount(row[earlier], minlength=len(pairs))
