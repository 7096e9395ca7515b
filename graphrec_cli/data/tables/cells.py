"""Convert Arrow's columns to text or numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


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
    import pyarrow.compute as pc

    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        if pa.types.is_integer(cells.type) and cells.type != pa.uint64():
            return np.asarray(cells.to_numpy(), dtype=np.int64)
        return np.asarray(cells.to_numpy(), dtype=np.float64)
    integers = _integers(cells)
    if integers is not None:
        return integers
    bare = pc.replace_substring_regex(pc.ascii_trim_whitespace(cells), r"^\+([0-9.])", r"\1")
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
