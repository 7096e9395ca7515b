"""A column of scores or ranks, which may be infinite or NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.cells import parsed_number, parsed_numbers
from graphrec_cli.data.tables.columns import EMPTY, not_a_number

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class AnyNumberColumn:
    """A column of numbers of any size; whoever reads them decides about NaN and infinity.

    Attributes:
        name: in the header.
    """

    name: str

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.float64] | None:
        """The numbers, None if a cell has none."""
        numbers = parsed_numbers(cells)
        return None if numbers is None else numbers.astype(np.float64)

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        if text.strip().lower().lstrip("+-") == "nan" or parsed_number(text) is not None:
            return None
        return not_a_number(text) if text.strip() else EMPTY
