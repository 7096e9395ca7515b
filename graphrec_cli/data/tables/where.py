"""Choose the rows of a table that match a condition (``dataset.where``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.config.condition import All, Comparison, Condition, IsNull, Not, comparisons
from graphrec_cli.config.unknown import suggestion
from graphrec_cli.data.tables.cells import (
    distinct_texts,
    is_missing,
    parsed_number,
    present_cells,
)
from graphrec_cli.data.tables.compare_texts import TESTS, compare_texts, has_texts, other_kind
from graphrec_cli.data.tables.guess_columns import bare_name
from graphrec_cli.data.tables.number_order import Number, order_in, order_of
from graphrec_cli.data.tables.time_values import (
    nanoseconds_of_arrow,
    nanoseconds_of_dates,
    parsed_dates,
)
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa

TRUE, FALSE, UNKNOWN = 1, -1, 0
"""Of these, ``not`` is the opposite, ``and`` the minimum and ``or`` the maximum."""


@dataclass(frozen=True, slots=True)
class WhereColumn:
    """A column that a condition compares with values.

    Attributes:
        name: in the header.
        compared: the distinct comparisons.
        is_null: whether a text stands for an empty cell.
        first_rows: only so many rows are checked, or fewer if the table has no more; None for all.
        may_be_missing: a cell may be empty; it matches no comparison but ``is null``.
    """

    name: str
    compared: tuple[Comparison | IsNull, ...]
    is_null: Callable[[str], bool] = is_missing
    first_rows: int | None = None
    may_be_missing: bool = True

    def array(self, cells: pa.ChunkedArray) -> NDArray[np.int8] | None:
        """TRUE or FALSE for every row and comparison, UNKNOWN if it compares no value.

        Returns:
            Shape (rows, comparisons); None if a cell that is compared with a number is not one.

        Raises:
            DataError: the column has numbers and is compared with a text, or the like.
        """
        truth = np.full((len(cells), len(self.compared)), UNKNOWN, dtype=np.int8)
        for place, comparison in enumerate(self.compared):
            if isinstance(comparison, IsNull):
                truth[:, place] = np.where(self._nulls(cells), TRUE, FALSE)
                continue
            found = self._compare(comparison, cells)
            if found is None:
                return None
            rows, matches = found
            truth[rows, place] = np.where(matches, TRUE, FALSE)
        return truth

    def fault(self, text: str) -> str | None:
        """The fault of a cell, None if it has none."""
        with_numbers = (
            comparison
            for comparison in self.compared
            if isinstance(comparison, Comparison) and not has_texts(comparison)
        )
        if is_missing(text) or not any(with_numbers):
            return None
        if parsed_number(text) is not None:
            return None
        return (
            "not a number, but dataset.where compares it with one; correct or remove such lines, "
            "or compare with a text in single quotes"
        )

    def _nulls(self, cells: pa.ChunkedArray) -> NDArray[np.bool_]:
        """Whether each cell is empty, shape (rows,)."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
            return np.asarray(pc.is_null(cells, nan_is_null=True).to_numpy(), dtype=np.bool_)
        texts, place = distinct_texts(cells.fill_null(""))
        return np.array([self.is_null(text) for text in texts], dtype=np.bool_)[place]

    def _compare(
        self, comparison: Comparison, cells: pa.ChunkedArray
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | None:
        """The rows with a value, and whether each matches."""
        import pyarrow as pa

        is_text = pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)
        if is_text and has_texts(comparison):
            return compare_texts(comparison, cells, complete=len(cells) != self.first_rows)
        present, rows = present_cells(cells)
        if not len(rows):
            return rows, np.empty(0, dtype=np.bool_)
        orders: Iterator[NDArray[np.int8]]
        if pa.types.is_temporal(cells.type):
            times = nanoseconds_of_arrow(present)
            if times is None:
                return None
            orders = (order_of(times, time) for time in self._times(comparison))
        elif has_texts(comparison):
            raise other_kind(comparison, "numbers", "a number without quotes")
        else:
            order_to = order_in(present)
            if order_to is None:
                return None
            orders = map(order_to, cast("tuple[Number, ...]", comparison.values))
        matches = np.zeros(len(rows), dtype=np.bool_)
        for order in orders:
            matches |= TESTS[comparison.operator](order, 0)
        return rows, matches

    def _times(self, comparison: Comparison) -> list[int]:
        """The dates that times are compared with, in nanoseconds since 1970."""
        texts = np.array(comparison.values, dtype=object)
        dates = parsed_dates(texts, None) if has_texts(comparison) else None
        times = nanoseconds_of_dates(dates)
        if times is None:
            raise other_kind(comparison, "times", "ISO dates such as '2024-01-31'")
        return [int(time) for time in times]


def where_columns(condition: Condition, header: Sequence[str], path: Path) -> list[WhereColumn]:
    """The columns that a condition compares.

    Args:
        condition: parsed from the configuration.
        header: names of the table's columns.
        path: the file, for messages.

    Raises:
        DataError: the table has no column of a name.
    """
    compared: dict[str, dict[Comparison | IsNull, None]] = {}
    for comparison in comparisons(condition):
        given = comparison.column
        found = [name for name in header if name == given]
        found = found or [name for name in header if bare_name(name) == given]
        if not found:
            hint = suggestion(given, header)
            raise DataError(
                f"{path} has no column '{shorten(given, 40)}', which dataset.where names{hint} "
                f"(columns: {shorten(', '.join(header), 300)})"
            )
        compared.setdefault(found[0], {})[comparison] = None
    return [WhereColumn(name, tuple(ones)) for name, ones in compared.items()]


def matching_rows(
    condition: Condition, columns: Sequence[WhereColumn], arrays: Mapping[str, NDArray[Any]]
) -> NDArray[np.bool_]:
    """Whether the condition is true for a row, shape (rows,).

    Args:
        condition: parsed from the configuration.
        columns: from ``where_columns``.
        arrays: what the columns made of their cells, by name.
    """
    truth = {
        comparison: arrays[column.name][:, place]
        for column in columns
        for place, comparison in enumerate(column.compared)
    }
    return np.asarray(_truth(condition, truth) == TRUE)


def _truth(
    condition: Condition, truth: Mapping[Comparison | IsNull, NDArray[np.int8]]
) -> NDArray[np.int8]:
    if isinstance(condition, Comparison | IsNull):
        return truth[condition]
    if isinstance(condition, Not):
        return -_truth(condition.part, truth)
    parts = [_truth(part, truth) for part in condition.parts]
    merge = np.minimum if isinstance(condition, All) else np.maximum
    return np.asarray(merge.reduce(parts))
