"""Compare the numbers of a column with a number, without rounding whole numbers or decimals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.cells import distinct_texts, parsed_numbers

if TYPE_CHECKING:
    import pyarrow as pa

Number: TypeAlias = int | Decimal
OrderTo: TypeAlias = Callable[[Number], NDArray[np.int8]]
"""Gives 1 for every row above a number, 0 for an equal one, -1 for one below; shape (rows,)."""
FIRST_ROUNDED = 2.0**53
"""From here on, a float64 does not hold every whole number."""


def order_in(cells: pa.ChunkedArray) -> OrderTo | None:
    """How to compare the cells with a number; None if a cell is not a number.

    Args:
        cells: texts, or numbers of any of Arrow's types, none of them missing.
    """
    import pyarrow as pa

    if pa.types.is_decimal(cells.type):
        encoded = cells.dictionary_encode().unify_dictionaries().combine_chunks()
        decimals, place = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
        return lambda value: _exact_order(decimals, value)[place]
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        arrow_numbers = np.asarray(cells.to_numpy())
        return lambda value: order_of(arrow_numbers, value)
    numbers = parsed_numbers(cells)
    if numbers is None:
        return None
    rounded = np.empty(0, dtype=np.int64)
    if numbers.dtype == np.float64:
        rounded = np.flatnonzero((np.abs(numbers) >= FIRST_ROUNDED) & np.isfinite(numbers))
    if not len(rounded):
        return lambda value: order_of(numbers, value)
    texts, text_of = distinct_texts(cells.take(pa.array(rounded)))
    exact = [Decimal(text.strip()) for text in texts]

    def order(value: Number) -> NDArray[np.int8]:
        found = order_of(numbers, value)
        found[rounded] = _exact_order(exact, value)[text_of]
        return found

    return order


def order_of(numbers: NDArray[Any], value: Number) -> NDArray[np.int8]:
    """Whether each number is above (1), equal to (0) or below (-1) a value; shape of ``numbers``.

    Fractions are rounded to the type of floating numbers, as those were. Whole numbers are not.
    """
    is_whole = value == math.floor(value)
    if numbers.dtype.kind == "f":
        with np.errstate(over="ignore"):
            nearest = numbers.dtype.type(float(value))
        rounding = _sign(Decimal(float(nearest)), Decimal(value)) if is_whole else 0
    else:
        nearest = math.floor(value)
        rounding = 0 if is_whole else -1
    order: NDArray[np.int8] = (numbers > nearest).astype(np.int8)
    order -= numbers < nearest
    if rounding:
        order[order == 0] = rounding
    return order


def _exact_order(numbers: Iterable[Decimal], value: Number) -> NDArray[np.int8]:
    return np.array([_sign(number, value) for number in numbers], dtype=np.int8)


def _sign(number: Decimal, value: Number) -> int:
    return (number > value) - (number < value)
