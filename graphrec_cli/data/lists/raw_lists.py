"""Recommendation lists as a file has them, before their ids are looked up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.errors import NonFiniteError
from graphrec_cli.terminal_text import shorten


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

    def refuse_non_finite(self, path: Path) -> None:
        """Refuse numbers that order nothing; a score of minus infinity marks an item as left out.

        Raises:
            NonFiniteError: a score is NaN or infinity, or, without scores, a rank is not finite.
        """
        numbers = self.rank if self.score is None else self.score
        if numbers is None:
            return
        left_out = np.isneginf(numbers) & (self.score is not None)
        odd = ~np.isfinite(numbers) & ~left_out
        if odd.any():
            first = int(np.argmax(odd))
            user, item = (
                shorten(ids[first : first + 1].tolist()[0], 40) for ids in (self.users, self.items)
            )
            raise NonFiniteError(
                f"{path}: the {self.order} of user '{user}' and item '{item}' is "
                f"{numbers[first]:g} ({np.count_nonzero(odd):,} of {len(odd):,} are no finite "
                f"number); correct them, or set {self.order}='' to ignore them"
            )
