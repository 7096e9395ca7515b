"""Kinds of columns: which cells they accept, and their arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.coded_texts import CodedTexts
from graphrec_cli.data.tables.cells import (
    distinct_texts,
    is_missing,
    parsed_number,
    parsed_numbers,
    present_cells,
)
from graphrec_cli.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

ColumnArray: TypeAlias = (
    NDArray[np.int64]
    | NDArray[np.float64]
    | NDArray[np.float32]
    | NDArray[np.object_]
    | NDArray[np.int8]
    | CodedTexts
)

MAX_ID_LENGTH = 256
"""Maximum length of an id in characters: ids are stored as wide as the longest."""
MAX_TITLE_LENGTH = 1_000
"""Maximum length of a title in characters."""
_QUOTED_NUMBER = re.compile(r"""(["'])\s*([0-9.,+-]+)\s*\1""")
_COMMA_NUMBER = re.compile(r"[+-]?[0-9.]*,[0-9]+([.,][0-9]+)*")
EMPTY = "empty"
"""The fault of a cell without a value."""
NOT_A_NUMBER = "not a number"
NOT_ABOVE_0 = "not above 0"
"""The fault of a number that must be above 0."""
MAX_WHOLE_ID = int(np.iinfo(np.int64).max)


@runtime_checkable
class Column(Protocol):
    """A column to read, with a check of its cells."""

    @property
    def name(self) -> str:
        """The name in the header."""

    def array(self, cells: pa.ChunkedArray) -> ColumnArray | None:
        """The values of the rows, None if a cell is faulty."""

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""


@contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Add the path to the errors of columns.

    Raises:
        DataError: each cell is valid, but they do not fit together.
    """
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class IdColumn:
    """A column of whole numbers from 0 to the largest int64."""

    name: str

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.int64] | None:
        """The ids, None if a cell is faulty."""
        ids = parsed_numbers(cells)
        sound = ids is not None and ids.dtype == np.int64 and (ids >= 0).all()
        return np.array(ids, dtype=np.int64) if sound else None

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if not re.fullmatch(r"\s*[+-]?[0-9]+\s*", text, re.ASCII):
            return "not a whole number"
        # int() refuses thousands of digits, so check their number first.
        digits = text.strip().lstrip("+-").lstrip("0")
        small = len(digits) <= len(str(MAX_WHOLE_ID)) and int(digits or "0") <= MAX_WHOLE_ID
        within = small and not (digits and text.lstrip().startswith("-"))
        return None if within else f"outside 0..{MAX_WHOLE_ID}"


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of finite numbers in a closed interval.

    Attributes:
        name: in the header.
        low, high: the interval.
        may_be_missing: whether a cell may be empty; its number is NaN.
    """

    name: str
    low: float
    high: float
    may_be_missing: bool = False

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.float64] | None:
        """The numbers, None if a cell is faulty."""
        if self.may_be_missing:
            present, rows = present_cells(cells)
            array = np.full(len(cells), np.nan)
            numbers = self._numbers(present) if len(rows) else np.empty(0)
            if numbers is None:
                return None
            array[rows] = numbers
            return array
        return self._numbers(cells)

    def _numbers(self, cells: pa.ChunkedArray) -> NDArray[np.float64] | None:
        import pyarrow as pa

        if cells.type in (pa.float16(), pa.float32()):
            # As text, 4.1 in float32 is the 4.1 of a threshold.
            cells = cells.cast("float32").cast("string")
        numbers = parsed_numbers(cells)
        if numbers is None or not ((numbers >= self.low) & (numbers <= self.high)).all():
            return None
        return numbers.astype(np.float64)

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if self.may_be_missing and is_missing(text):
            return None
        number = parsed_number(text)
        if number is None:
            return not_a_number(text) if text.strip() else EMPTY
        if number <= 0 < self.low:
            return NOT_ABOVE_0
        return None if self.low <= number <= self.high else f"outside {self.low:g}..{self.high:g}"


def not_a_number(text: str) -> str:
    """The fault of a cell that should have a number, and what to write if that can be told."""
    bare = text.strip()
    if _QUOTED_NUMBER.fullmatch(bare):
        return "in quotes, which a number must not have; remove them"
    if _COMMA_NUMBER.fullmatch(bare):
        return "not a number with a decimal point; write 2.5 for 2,5 and 1000 for 1,000"
    return NOT_A_NUMBER


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text that is kept as it is written.

    Attributes:
        name: in the header.
        max_length: characters that a cell may have.
        may_be_empty: whether a cell may be empty or blank.
    """

    name: str
    max_length: int = MAX_ID_LENGTH
    may_be_empty: bool = False

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.object_] | CodedTexts | None:
        """The texts, equal ones sharing one object; None if a cell is faulty."""
        texts, place = distinct_texts(cells)
        sound = all(self.fault(text) is None for text in texts)
        return texts[place] if sound else None

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if len(text) > self.max_length:
            return f"longer than {self.max_length} characters"
        if "\0" in text:
            return "damaged by a NUL character"
        return None if text.strip() or self.may_be_empty else EMPTY
