"""Indexed access to the unseen items of each user, without a list per user."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.errors import DataError


def catalog_items(train: UserItems) -> NDArray[np.int64]:
    """Return the items with at least one train interaction, ascending, shape (catalog,).

    Raises:
        DataError: train has no interaction.
    """
    catalog = np.flatnonzero(train.item_degree)
    if not len(catalog):
        raise DataError("the train part has no interaction to sample from; check the split")
    return catalog


class UnseenItems:
    """The unseen members of a set of items, numbered per user from 0 in ascending order.

    If a user's seen members are at the ascending positions s_0, s_1, ... of the set, then s_j - j
    unseen members come before the j-th seen one, and the r-th unseen member is at position
    r + #{j: s_j - j <= r}. One sorted array contains these numbers for all users.

    Attributes:
        num_unseen: int64, shape (users,).
    """

    num_unseen: Int64[Tensor, " users"]

    def __init__(self, train: UserItems, members: NDArray[np.int64], device: torch.device) -> None:
        """Index ``members``, which are distinct items in ascending order, shape (members,)."""
        position = np.full(train.num_items, -1, dtype=np.int32)
        position[members] = np.arange(len(members), dtype=np.int32)
        seen_position = position[train.item_index]
        is_member = seen_position >= 0
        user_index = train.user_index()[is_member]
        num_seen = np.bincount(user_index, minlength=train.num_users)
        first_seen = np.cumsum(num_seen) - num_seen

        keys = np.arange(len(user_index), dtype=np.int64)
        keys -= first_seen[user_index]
        np.subtract(seen_position[is_member], keys, out=keys)
        self._stride = len(members)
        keys += user_index * np.int64(self._stride)
        # Half the memory means fewer cache misses in the search.
        fits_int32 = train.num_users * self._stride <= np.iinfo(np.int32).max
        self._key_dtype = torch.int32 if fits_int32 else torch.int64

        self._keys = torch.from_numpy(keys).to(device, self._key_dtype)
        self._first_seen = torch.from_numpy(first_seen).to(device)
        self._members = torch.tensor(members, device=device)
        self.num_unseen = torch.from_numpy(len(members) - num_seen).to(device)

    def nth(
        self, users: Int64[Tensor, " batch"], order: Int64[Tensor, " batch"]
    ) -> Int64[Tensor, " batch"]:
        """Return, for each entry, the unseen member of the user with number ``order``.

        Args:
            users: user indices.
            order: number of the member, from 0 to ``num_unseen[users] - 1``.
        """
        queries = (users * self._stride + order).to(self._key_dtype)
        num_before = torch.searchsorted(self._keys, queries, right=True)
        num_before -= self._first_seen.index_select(0, users)
        return self._members.index_select(0, num_before + order)
