"""Recommendation lists as a file has them, before their ids are looked up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLists:
    """A row for each item of a user, in the order of the file.

    Attributes:
        users, items: raw ids. ``users.text`` also has the users whose list is empty.
        score: float64, shape (rows,), None without scores; higher is better.
        rank: float64, shape (rows,), None without ranks; lower is better.
        columns: names of the columns that are read, by ``user``, ``item``, ``items``, ``score`` and
            ``rank``.
        unread: names of the others.
    """

    users: CodedTexts
    items: CodedTexts
    score: NDArray[np.float64] | None
    rank: NDArray[np.float64] | None
    columns: dict[str, str]
    unread: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def order(self) -> str:
        """What orders the items of a user: ``score``, ``rank`` or ``rows``."""
        if self.score is not None:
            return "score"
        return "rows" if self.rank is None else "rank"

    def key(self) -> NDArray[np.float64] | None:
        """What orders the items of a user, the smallest first; None for the order of the rows."""
        return -self.score if self.score is not None else self.rank
