"""Convert Arrow's columns to text or numbers."""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, ROUND_FLOOR, Context
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


ZERO_DATES = ("0000-00-00", "0000-00-00 00:00:00")
"""What MySQL writes for a date that is not there."""
MISSING = ("", "nan", "na", "n/a", "null", "none", "nat", "\\n", *ZERO_DATES)
"""Texts of a cell without a number or time, in lower case and without blanks around them."""


def is_missing(text: str) -> bool:
    """Whether a cell has no value, as files write it: empty, ``NaN``, ``NULL``, ``\\N``.."""
    return text.strip().lower() in MISSING


def is_text(cells: pa.ChunkedArray) -> bool:
    """Whether the cells are strings, not numbers or times."""
    import pyarrow as pa

    return bool(pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type))


def present_cells(cells: pa.ChunkedArray) -> tuple[pa.ChunkedArray, NDArray[np.int64]]:
    """The cells that have a value, and their rows, shape (present,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_text(cells):
        texts = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
        missing = pc.is_in(texts, value_set=pa.array(MISSING, type=texts.type))
        missing = pc.or_(missing, cells.is_null())
    else:
        missing = pc.is_null(cells, nan_is_null=True)
    present = cells.filter(pc.invert(missing))
    chunks = [chunk for chunk in present.chunks if len(chunk)]
    rows = np.flatnonzero(~missing.to_numpy())
    return pa.chunked_array(chunks, type=cells.type), rows.astype(np.int64)


def distinct_texts(cells: pa.ChunkedArray) -> tuple[NDArray[np.object_], NDArray[np.int32]]:
    """The distinct cells as text, and the index into them of every row, shape (rows,)."""
    encoded = cells.dictionary_encode().unify_dictionaries().combine_chunks()
    texts = np.array([str(value) for value in encoded.dictionary.to_pylist()], dtype=object)
    return texts, encoded.indices.to_numpy()


def parsed_numbers(cells: pa.ChunkedArray) -> NDArray[np.int64] | NDArray[np.float64] | None:
    """The number in every cell, int64 if all are whole; None if a cell is not a number.

    Whole numbers beyond int64 are not numbers here, unless they are written with an exponent.
    """
    import pyarrow as pa

    if not is_text(cells):
        if pa.types.is_integer(cells.type) and cells.type != pa.uint64():
            return np.asarray(cells.to_numpy(), dtype=np.int64)
        return np.asarray(cells.to_numpy(), dtype=np.float64)
    integers = _integers(cells)
    if integers is not None:
        return integers
    bare = _bare(cells)
    integers = _integers(bare)
    if integers is not None:
        return integers
    try:
        numbers = bare.cast("float64").to_numpy()
    except pa.ArrowInvalid:
        return None
    large = np.flatnonzero(np.abs(numbers) >= 2**63)
    whole_texts = (str(bare[int(place)]).lstrip("-").isdecimal() for place in large)
    return None if any(whole_texts) else numbers


def scaled_numbers(cells: pa.ChunkedArray, places: int) -> NDArray[np.int64] | None:
    """Every number times 10 to the power of ``places``, rounded down; None if one exceeds int64.

    Decimal fractions are converted exactly, never by way of a float.

    Args:
        cells: text whose cells ``parsed_numbers`` accepts.
        places: decimal places to keep.
    """
    import pyarrow as pa

    bare = _bare(cells)
    try:
        decimals = bare.cast(pa.decimal128(38, places))
    except pa.ArrowInvalid:  # further places, which Arrow does not round
        texts, row = distinct_texts(bare)
        floors = [floor_of(text, places) for text in texts]
        if any(abs(floor) >= 2**63 for floor in floors):
            return None
        return np.array(floors, dtype=np.int64)[row]
    # The 16 bytes of a decimal are its whole number without the point, the low half first.
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype="<i8").reshape(-1, 2)[chunk.offset :][: len(chunk)]
        for chunk in decimals.chunks
    ]
    halves = np.concatenate(parts)
    low, high = halves[:, 0], halves[:, 1]
    return None if (high != low >> 63).any() else low.astype(np.int64)


def floor_of(text: str, places: int) -> int:
    """The number in a text times 10 to the power of ``places``, rounded down.

    The number must be below 10^30.
    """
    context = Context(prec=60, rounding=ROUND_FLOOR, Emin=MIN_EMIN, Emax=MAX_EMAX)
    scaled = context.create_decimal(text.strip()).scaleb(places, context)
    return int(scaled.to_integral_value(ROUND_FLOOR, context))


def _bare(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without blanks around the cells and a plus sign."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(pc.ascii_trim_whitespace(texts), r"^\+([0-9.])", r"\1")


def _integers(texts: pa.ChunkedArray) -> NDArray[np.int64] | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        integers: NDArray[np.int64] = texts.cast("int64").to_numpy()
    except pa.ArrowInvalid:
        return None
    # Arrow also reads 0x10. The bytes of all texts at once are searched faster than each text.
    content = [chunk.buffers()[2].to_pybytes() for chunk in texts.chunks]
    for x in (b"x", b"X"):
        if any(x in part for part in content) and pc.any(pc.match_substring(texts, x)).as_py():
            return None
    return integers


def parsed_number(text: str) -> float | None:
    """The number in a cell, None if it has none or a whole number beyond int64."""
    try:
        number = float(text)
    except ValueError:
        return None
    # float() also accepts 1_0, digits of other scripts, and whole numbers of any length.
    long = abs(number) >= 2**63 and text.strip().lstrip("+-").isdecimal()
    return None if long or "_" in text or not text.isascii() or math.isnan(number) else number
