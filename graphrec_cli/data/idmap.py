"""Raw ids and their contiguous indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.distinct import distinct
from graphrec_cli.errors import DataError


@dataclass(frozen=True, slots=True)
class IdMap:
    """Raw ids in ascending order; the index of an id is its position.

    Attributes:
        ids: distinct, ascending, int64 or strings, shape (size,); made read-only.

    Raises:
        DataError: the ids are not distinct and ascending.
    """

    ids: NDArray[np.generic]

    def __post_init__(self) -> None:
        # Two ids out of order would make searchsorted silently miss others.
        if not np.greater(self.ids[1:], self.ids[:-1]).all():
            raise DataError("the ids of a map must be distinct and ascending; use IdMap.from_ids")
        self.ids.setflags(write=False)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def from_ids(cls, raw: NDArray[np.generic]) -> IdMap:
        """The distinct ids of ``raw``, sorted."""
        return cls(distinct(raw))

    @classmethod
    def from_text(cls, text: NDArray[np.character]) -> IdMap:
        """Build a map from ids as text; they become numbers if they are in numeric order.

        Raises:
            DataError: they are sorted neither as text nor as numbers.
        """
        if np.greater(text[1:], text[:-1]).all():
            return cls(text)
        try:
            numbers = text.astype(np.int64)
        except (ValueError, OverflowError):
            numbers = np.empty(0, dtype=np.int64)
        if not np.array_equal(numbers.astype(np.str_), text):
            raise DataError("the ids are not in ascending order, or one occurs twice")
        return cls(numbers)

    def text(self) -> NDArray[np.object_]:
        """The ids as text, shape (size,)."""
        return self.ids.astype(np.str_).astype(np.object_)

    def index(self, raw: NDArray[np.generic]) -> NDArray[np.int32]:
        """Indices of raw ids, -1 for an id that is not in the map; shape of ``raw``.

        Raises:
            DataError: integers are looked up among strings, or anything else among integers.
        """
        if not len(self.ids) or not raw.size:
            return np.full(raw.shape, -1, dtype=np.int32)
        # numpy would compare mixed types as text or float64, and match wrong ids.
        if (self.ids.dtype.kind == "i") != (raw.dtype.kind == "i"):
            raise DataError(
                f"ids of type {raw.dtype} cannot be looked up among ids of type {self.ids.dtype}"
            )
        place = np.searchsorted(self.ids, raw).clip(max=len(self.ids) - 1)
        return np.where(self.ids[place] == raw, place, -1).astype(np.int32)
