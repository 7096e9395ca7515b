"""What is asked of a column, whatever the kind of file that it is read from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.errors import DataError

ColumnArray: TypeAlias = NDArray[np.int64] | NDArray[np.float32] | NDArray[np.object_]


@runtime_checkable
class Column(Protocol):
    """A column that is read, and what its cells may be."""

    @property
    def name(self) -> str:
        """The name in the header."""

    @property
    def as_text(self) -> bool:
        """Whether its cells are wanted as they are written, or as the numbers that they look."""

    def array(self, values: NDArray[np.generic]) -> ColumnArray | None:
        """A copy of parsed values, None if one of them is faulty."""

    def fault(self, text: str) -> str | None:
        """What is wrong with a cell, None if nothing is."""


def column_array(column: Column, values: NDArray[np.generic], path: Path) -> ColumnArray | None:
    """``column.array(values)``, of a file that a refusal of all values together names.

    Raises:
        DataError: the cells are sound, but not beside each other.
    """
    try:
        return column.array(values)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def parsed_number(text: str) -> float | None:
    """The number that a cell holds for a C parser, None if that takes it for text."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Python also reads 1_0, digits of other scripts, and whole numbers of any length.
    long = abs(number) >= 2**63 and text.strip().lstrip("+-").isdecimal()
    return None if long or "_" in text or not text.isascii() or math.isnan(number) else number
