"""Lists of several users, one after the other, as one row for each item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.lists.number_column import AnyNumberColumn
from graphrec_cli.data.lists.raw_lists import RawLists
from graphrec_cli.data.tables.cells import distinct_texts
from graphrec_cli.data.tables.columns import EMPTY, Column, ColumnArray
from graphrec_cli.data.tables.text_ids import TextIdColumn
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatLists:
    """The entries of all lists in one column each.

    Attributes:
        path: of the file.
        users: one raw id for each list, shape (lists,).
        length: entries of each list, int64, shape (lists,).
        item: their ids, of Arrow's strings.
        score, rank: their numbers, or texts of numbers; None without.
        columns, unread: as in ``RawLists``.
    """

    path: Path
    users: CodedTexts
    length: NDArray[np.int64]
    item: pa.ChunkedArray
    score: pa.ChunkedArray | None
    rank: pa.ChunkedArray | None
    columns: dict[str, str]
    unread: tuple[str, ...] = ()

    def rows(self) -> RawLists:
        """The lists as rows.

        Raises:
            DataError: an entry is empty or faulty; the error names its user.
        """
        column = id_column(self.columns.get("item", "item"))
        items = checked_values(self.path, column, self.item, self._place)
        assert isinstance(items, CodedTexts)
        return RawLists(
            users=CodedTexts(np.repeat(self.users.code, self.length), self.users.text),
            items=items,
            score=self._numbers("score", self.score),
            rank=self._numbers("rank", self.rank),
            columns=self.columns,
            unread=self.unread,
        )

    def _numbers(self, key: str, cells: pa.ChunkedArray | None) -> NDArray[np.float64] | None:
        if cells is None:
            return None
        column = AnyNumberColumn(self.columns.get(key, key))
        numbers = checked_values(self.path, column, cells, self._place)
        assert isinstance(numbers, np.ndarray)
        return numbers.astype(np.float64)

    def _place(self, entry: int) -> str:
        of = int(np.searchsorted(np.cumsum(self.length), entry, side="right"))
        user = shorten(str(self.users.text[self.users.code[of]]), 40)
        return f"in the list of user '{user}'"


def checked_values(
    path: Path, column: Column, cells: pa.ChunkedArray, place: Callable[[int], str]
) -> ColumnArray:
    """What a column makes of its cells.

    Args:
        place: where a cell is, for messages, by its number from 0.

    Raises:
        DataError: a cell is empty or faulty.
    """
    if cells.null_count:
        first = int(np.flatnonzero(cells.is_null().to_numpy())[0])
        raise DataError(f"{path}, {place(first)}: {column.name} is {EMPTY}")
    values = column.array(cells)
    if values is None:
        texts, code = distinct_texts(cells)
        faults = [column.fault(text) for text in texts]
        faulty = np.array([fault is not None for fault in faults], dtype=np.bool_)[code]
        first = int(np.argmax(faulty))
        shown, fault = shorten(texts[code[first]], 40), faults[code[first]]
        raise DataError(f"{path}, {place(first)}: {column.name} '{shown}' is {fault}")
    return values


def checked_ids(path: Path, name: str, cells: pa.ChunkedArray) -> CodedTexts:
    """The raw ids of a column with one cell a row.

    Raises:
        DataError: a cell is empty or faulty.
    """
    ids = checked_values(path, id_column(name), cells, lambda row: f"row {row + 1:,}")
    assert isinstance(ids, CodedTexts)
    return ids


def id_column(name: str) -> TextIdColumn:
    """How a column of raw ids is read: as text, without the blanks around it."""
    return TextIdColumn(name, may_be_quoted=True)


def texts_of(path: Path, what: str, values: Sequence[object]) -> pa.ChunkedArray:
    """Texts as a column of Arrow's.

    Raises:
        DataError: a value is a list, an object or a truth value.
    """
    import pyarrow as pa

    try:
        return pa.chunked_array([pa.array(values, pa.string())])
    except (pa.ArrowException, TypeError) as error:
        raise DataError(
            f"{path}: {what} has a value that is neither a text nor a number; write one id for "
            "each item"
        ) from error
