"""The cells of a column as Arrow reads them: as text, or as the numbers that they hold."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
MAX_DIGITS = 4_000
"""Python converts longer ones only when told to."""
_SURE_INT64 = r"^[+-]?[0-9]{1,18}$"
_SURE_FLOAT64 = r"^[+-]?[0-9]{1,18}(\.[0-9]*)?([eE][+-]?[0-9]{1,4})?$"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a column.

    Attributes:
        distinct: their values, each once: strings, numbers or other types.
        code: the place in ``distinct`` of every row's value, shape (rows,).
    """

    distinct: pa.Array
    code: NDArray[np.int32]

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Cells:
        """The cells of an Arrow column without nulls."""
        encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
        return cls(encoded.dictionary, encoded.indices.to_numpy())

    def texts(self) -> NDArray[np.object_]:
        """The distinct cells as text."""
        return np.array([str(value) for value in self.distinct.to_pylist()], dtype=object)

    def numbers(self) -> NDArray[np.int64] | NDArray[np.float64] | None:
        """The number of every row, float64 unless all are whole; None if a text is no number."""
        import pyarrow as pa

        kind = self.distinct.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            numbers = _parsed(self.distinct)
            return None if numbers is None else numbers[self.code]
        whole = pa.types.is_integer(kind) and kind != pa.uint64()
        return self.distinct.to_numpy().astype(np.int64 if whole else np.float64)[self.code]


def parsed_number(text: str) -> float | None:
    """The number that a cell holds, None if it holds none or a whole one beyond int64."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Python also reads 1_0, digits of other scripts, and whole numbers of any length.
    long = abs(number) >= 2**63 and text.strip().lstrip("+-").isdecimal()
    return None if long or "_" in text or not text.isascii() or math.isnan(number) else number


def _parsed(texts: pa.Array) -> NDArray[np.int64] | NDArray[np.float64] | None:
    """The numbers of texts, int64 if all are whole; None if one is no number."""
    import pyarrow.compute as pc

    for pattern, dtype in ((_SURE_INT64, "int64"), (_SURE_FLOAT64, "float64")):
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py():
            unsigned = pc.replace_substring_regex(texts, r"^\+", "")
            return np.asarray(unsigned.cast(dtype))
    # One by one: slow, and only done where a cell is faulty or of an unusual form.
    written = texts.to_pylist()
    if all(len(text) < MAX_DIGITS and WHOLE_NUMBER.fullmatch(text) for text in written):
        whole = [int(text) for text in written]
        if min(whole) >= -(2**63) and max(whole) < 2**63:
            return np.array(whole, dtype=np.int64)
    numbers = [parsed_number(text) for text in written]
    return None if None in numbers else np.array(numbers, dtype=np.float64)
