"""The users and items of many rows as small numbers, and one number for each of their pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.row_blocks import user_blocks
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True)
class PairCodes:
    """The user and the item of every row.

    Attributes:
        user, item: int32 indices into ``users`` and ``items``, shape (rows,).
        users, items: distinct raw ids in any order; some may have no row.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    users: NDArray[np.generic]
    items: NDArray[np.generic]

    @classmethod
    def of(
        cls,
        user_id: NDArray[np.generic] | CodedTexts,
        item_id: NDArray[np.generic] | CodedTexts,
    ) -> PairCodes:
        """Code the ids of the rows.

        Raises:
            DataError: an id is missing.
        """
        user, users = _coded(user_id, "user_id")
        item, items = _coded(item_id, "item_id")
        return cls(user, item, users, items)

    def __len__(self) -> int:
        return len(self.user)

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Blocks of row numbers as ``user_blocks``: all rows of a pair are in one."""
        return user_blocks(self.user, len(self.users))

    def keys(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """A number for the pair of every one of some rows, int64, shape (rows,)."""
        return self.user[rows].astype(np.int64) * len(self.items) + self.item[rows]


def _coded(
    raw: NDArray[np.generic] | CodedTexts, column: str
) -> tuple[NDArray[np.int32], NDArray[np.generic]]:
    if isinstance(raw, CodedTexts):
        return raw.code, raw.text.astype(np.str_)
    import pandas as pd

    codes, ids = pd.factorize(raw)
    if codes.min() < 0:
        raise DataError(f"column {column} has empty ids; remove those rows from the file")
    as_text = raw.dtype == np.object_
    return codes.astype(np.int32), np.asarray(ids, dtype=np.str_ if as_text else raw.dtype)
