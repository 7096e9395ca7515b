"""The column of weights of a table: which numbers it may have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.table import MissingPolicy, TableConfig
from graphrec_cli.data.tables.columns import NOT_ABOVE_0, NumberColumn
from graphrec_cli.errors import DataError

LOWEST_WEIGHT = float(np.finfo(np.float32).smallest_normal)
HIGHEST_WEIGHT = float(np.finfo(np.float32).max)
LEAVE_OUT = "dataset.where can leave out such rows"
"""What to do about a row with a weight that is not above 0."""


def weight_column(name: str, config: TableConfig) -> NumberColumn:
    """How weights are read; with ``dataset.where`` they are checked after it."""
    return NumberColumn(
        name,
        low=LOWEST_WEIGHT if config.where is None else -HIGHEST_WEIGHT,
        high=HIGHEST_WEIGHT,
        may_be_missing=config.on_missing is MissingPolicy.skip,
    )


def refuse_low_weights(
    weight: NDArray[np.floating], kept: NDArray[np.bool_], column: str, path: Path
) -> None:
    """Refuse a row that ``dataset.where`` keeps with a weight that is not above 0.

    Args:
        weight: numbers, NaN where one is missing, shape (rows,).
        kept: whether a row is kept, shape (rows,).
        column: its name in the header.
        path: the file, for messages.

    Raises:
        DataError: naming the first such row.
    """
    faulty = kept & (weight.astype(np.float32) < LOWEST_WEIGHT)
    if faulty.any():
        row = int(np.argmax(faulty))
        raise DataError(
            f"{path}: row {row + 1:,}: {column} '{weight[row]:g}' is {NOT_ABOVE_0}; {LEAVE_OUT}"
        )
