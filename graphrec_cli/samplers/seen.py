"""Find which candidate items are train items of the users of a batch."""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor

from graphrec_cli.data.interactions import UserItems
from graphrec_cli.graph.csr_rows import take_rows


class SeenAmong:
    """Looks up users' train items in a list of items, without a users x items table."""

    def __init__(self, train: UserItems, device: torch.device) -> None:
        """Keep the train part on ``device``."""
        self._items = torch.tensor(train.item_index, device=device)
        self._pointers = torch.from_numpy(train.indptr).to(device)
        self._column = torch.full((train.num_items,), -1, device=device)

    def positions(
        self, users: Int64[Tensor, " batch"], items: Int64[Tensor, " candidates"]
    ) -> tuple[Int64[Tensor, " seen"], Int64[Tensor, " seen"]]:
        """Find the rows (in ``users``) and columns (in ``items``) of pairs that are in train.

        Args:
            items: distinct item indices.

        Returns:
            Rows and columns, ordered by row, and within a row by item index.
        """
        column = self._column.index_copy(0, items, torch.arange(len(items), device=items.device))
        pointers, pairs = take_rows(self._pointers, users)
        row = torch.repeat_interleave(pointers.diff())
        found = column.index_select(0, self._items.index_select(0, pairs))
        seen = (found >= 0).nonzero().squeeze(1)
        return row.index_select(0, seen), found.index_select(0, seen)
