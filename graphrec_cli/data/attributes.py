"""Attributes of items, such as genres."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEPARATOR = "|"
"""What stands between the attributes of an item in a cell."""


@dataclass(frozen=True, slots=True)
class ItemAttributes:
    """The attributes of every item in compressed rows, ascending and distinct within an item.

    Attributes:
        indptr: int64, shape (items + 1,); item i's attributes are at indptr[i]:indptr[i + 1].
        index: int32 index into ``name``, shape (pairs,).
        name: text, distinct and ascending, shape (attributes,).
    """

    indptr: NDArray[np.int64]
    index: NDArray[np.int32]
    name: NDArray[np.character]

    @classmethod
    def from_pairs(
        cls, item: NDArray[np.integer], names: NDArray[np.character], num_items: int
    ) -> ItemAttributes:
        """Sort pairs of an item and the name of an attribute, in any order, into rows.

        Args:
            item: item of every pair, shape (pairs,).
            names: shape (pairs,); a pair may occur more than once.
            num_items: items, including those without an attribute.
        """
        name, code = np.unique(names, return_inverse=True)
        keys = np.unique(item.astype(np.int64) * max(len(name), 1) + code)
        row, index = np.divmod(keys, max(len(name), 1))
        counts = np.bincount(row, minlength=num_items)
        indptr = np.concatenate([np.zeros(1, np.int64), counts.cumsum()])
        return cls(indptr, index.astype(np.int32), name)

    @classmethod
    def from_cells(
        cls, cells: NDArray[np.object_] | NDArray[np.character], absent: Collection[str] = ()
    ) -> ItemAttributes:
        """Read cells such as ``Comedy|Drama``, one for each item.

        Args:
            cells: shape (items,).
            absent: words that stand for no attribute.
        """
        import pandas as pd

        words = pd.Series(cells, dtype=object).str.split(SEPARATOR, regex=False).explode()
        words = words.str.strip()
        words = words[~words.isin(["", *absent])]
        names = np.asarray(words.tolist(), dtype=np.str_)
        return cls.from_pairs(words.index.to_numpy(), names, len(cells))

    def check(self, num_items: int) -> None:
        """Refuse arrays that are not such rows, such as those of a damaged file.

        Raises:
            ValueError: naming the array and its fault.
        """
        indptr, index = self.indptr, self.index
        if len(indptr) != num_items + 1:
            raise ValueError(f"attribute_indptr must have {num_items + 1:,} values")
        if indptr[0] != 0 or indptr[-1] != len(index) or (np.diff(indptr) < 0).any():
            raise ValueError("attribute_indptr must rise from 0 to the number of pairs")
        if len(index) and not (index.min() >= 0 and index.max() < len(self.name)):
            raise ValueError(f"attribute_index must lie in 0..{len(self.name) - 1}")
        if (np.diff(self.item() * max(len(self.name), 1) + index) <= 0).any():
            raise ValueError("attribute_index must be ascending within every item")
        if not np.greater(self.name[1:], self.name[:-1]).all():
            raise ValueError("attribute must be distinct and ascending")

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by the names that they have in files."""
        return {
            "attribute": self.name,
            "attribute_indptr": self.indptr,
            "attribute_index": self.index,
        }

    def item(self) -> NDArray[np.int64]:
        """The item of every pair, shape (pairs,)."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    def placed(self, place: NDArray[np.integer], num_items: int) -> ItemAttributes:
        """The same for other indices of the items.

        Args:
            place: the new index of every item, -1 for one that is left out, shape (items,).
            num_items: items, including those that get no attribute.
        """
        new_item = place[self.item()]
        kept = new_item >= 0
        return ItemAttributes.from_pairs(new_item[kept], self.name[self.index[kept]], num_items)
