"""The tables that pass along the data path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.row_blocks import count_codes, pair_order
from graphrec_cli.errors import DataError

PART_NAMES = ("train", "valid", "test")
"""The parts of a split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """Interactions as read by a source, one row each, before any row is dropped.

    Attributes:
        user_id, item_id: raw ids, int64 or strings, shape (rows,). Strings of many rows are
            ``CodedTexts``: an array of fixed width would be as wide as the longest id.
        rating: shape (rows,), NaN where the row's signal has no rating; float64 where float32 may
            not hold the ratings exactly.
        timestamp: int64 nanoseconds since 1970, shape (rows,), or None if the source has none.
        signal: int8 index into ``signal_names``, shape (rows,).
        signal_names: the signals in order of precedence, the strongest first.
        part: int8 index into ``PART_NAMES``, shape (rows,), if the source comes with a split of its
            own; None otherwise.
        weight: float32 above 0, shape (rows,), or None if the source has none.
    """

    user_id: NDArray[np.generic] | CodedTexts
    item_id: NDArray[np.generic] | CodedTexts
    rating: NDArray[np.float32] | NDArray[np.float64]
    timestamp: NDArray[np.int64] | None
    signal: NDArray[np.int8]
    signal_names: tuple[str, ...]
    part: NDArray[np.int8] | None = None
    weight: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Positive pairs on contiguous indices, each pair once, in the order of the source.

    Attributes:
        user_index, item_index: int32, shape (pairs,).
        rating, timestamp, signal, part, weight: the columns of the row that won, as in
            ``RawTable``.
        users, items: raw ids of the indices.
    """

    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    rating: NDArray[np.float32] | NDArray[np.float64]
    timestamp: NDArray[np.int64] | None
    signal: NDArray[np.int8]
    signal_names: tuple[str, ...]
    users: IdMap
    items: IdMap
    part: NDArray[np.int8] | None = None
    weight: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.user_index)


@dataclass(frozen=True)
class UserItems:
    """The items of every user in compressed rows: ascending and distinct within a user.

    Attributes:
        indptr: int64, shape (num_users + 1,); user u's items are at indptr[u]:indptr[u + 1].
        item_index: int32, shape (pairs,).
        num_items: columns, including items without a pair.
        rating: float32, shape (pairs,), aligned with ``item_index``; None if a pair has none.
        timestamp: int64 nanoseconds since 1970, likewise; None if the data has none, or was
            read back from a run directory, which does not store them.
        weight: float32 above 0, likewise.
    """

    indptr: NDArray[np.int64]
    item_index: NDArray[np.int32]
    num_items: int
    rating: NDArray[np.float32] | None = None
    timestamp: NDArray[np.int64] | None = None
    weight: NDArray[np.float32] | None = None

    @classmethod
    def from_pairs(
        cls,
        user_index: NDArray[np.integer],
        item_index: NDArray[np.integer],
        *,
        num_users: int,
        num_items: int,
        rating: NDArray[np.float32] | None = None,
        timestamp: NDArray[np.int64] | None = None,
        weight: NDArray[np.float32] | None = None,
    ) -> UserItems:
        """Sort pairs, with their ratings, times and weights if given, into rows.

        Raises:
            DataError: a pair occurs twice, an index is out of range, or the columns
                differ in length.
        """
        users, items = np.asarray(user_index), np.asarray(item_index)
        if users.shape != items.shape:
            raise DataError(f"{len(users)} user indices, but {len(items)} item indices")
        for name, index, size in (("user", users, num_users), ("item", items, num_items)):
            if len(index) and not (index.min() >= 0 and index.max() < size):
                raise DataError(f"a {name} index is outside 0..{size - 1}")
        order = pair_order(users, items, num_users=num_users, num_items=num_items)
        users, items = users[order], items[order].astype(np.int32, copy=False)
        if ((users[1:] == users[:-1]) & (items[1:] == items[:-1])).any():
            raise DataError("the same user-item pair occurs twice in one part of the split")
        counts = count_codes(users, num_users)
        return cls(
            indptr=np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]),
            item_index=items,
            num_items=num_items,
            rating=None if rating is None else rating[order],
            timestamp=None if timestamp is None else timestamp[order],
            weight=None if weight is None else weight[order],
        )

    def check(self) -> None:
        """Refuse arrays that are not a CSR matrix, such as those of a damaged file.

        Raises:
            ValueError: naming the array and its fault.
        """
        indptr, item = self.indptr, self.item_index
        columns = (self.rating, self.timestamp, self.weight)
        if indptr[0] != 0 or indptr[-1] != len(item) or (np.diff(indptr) < 0).any():
            raise ValueError("indptr must rise from 0 to the number of pairs")
        if any(len(column) != len(item) for column in columns if column is not None):
            raise ValueError("rating, timestamp and weight must have a value for every pair")
        if len(item) and not (item.min() >= 0 and item.max() < self.num_items):
            raise ValueError(f"item_index must lie in 0..{self.num_items - 1}")
        if (np.diff(self.pair_keys()) <= 0).any():
            raise ValueError("item_index must be ascending within every user")
        if self.rating is not None and not np.isfinite(self.rating).all():
            raise ValueError("rating must be finite")
        if self.weight is not None and not ((self.weight > 0) & np.isfinite(self.weight)).all():
            raise ValueError("weight must be finite and above 0")

    @property
    def num_users(self) -> int:
        """Number of users, including those without a pair."""
        return len(self.indptr) - 1

    @property
    def num_pairs(self) -> int:
        """Number of stored pairs."""
        return len(self.item_index)

    @cached_property
    def user_degree(self) -> NDArray[np.int64]:
        """Number of items of every user, shape (num_users,)."""
        return np.diff(self.indptr)

    @cached_property
    def item_degree(self) -> NDArray[np.int64]:
        """Number of users of every item, shape (num_items,)."""
        return count_codes(self.item_index, self.num_items)

    def user_index(self) -> NDArray[np.int32]:
        """The user of every stored pair, int32, shape (pairs,)."""
        return np.repeat(np.arange(self.num_users, dtype=np.int32), self.user_degree)

    def pair_keys(self) -> NDArray[np.int64]:
        """One distinct number for every stored pair, ascending, int64, shape (pairs,)."""
        keys = np.repeat(np.arange(self.num_users) * self.num_items, self.user_degree)
        keys += self.item_index
        return keys
