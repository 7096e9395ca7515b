"""Collect the texts of a column chunk by chunk: each distinct text once, and a code a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.data.tables.columns import ColumnArray, TextColumn
from graphrec_cli.data.tables.where import WhereColumn

if TYPE_CHECKING:
    import pyarrow as pa

_FEW_TEXTS = 2**20
"""Texts of chunks that may wait to be merged, however few are known."""


class CollectedTexts:
    """The cells of a column of text or ids, or of text that is compared."""

    def __init__(self, column: TextColumn | WhereColumn) -> None:
        import pyarrow as pa

        self._column = column
        self._texts = pa.array([], pa.large_string())
        self._codes: list[NDArray[np.int32]] = []
        self._waiting: list[pa.DictionaryArray] = []

    def add(self, cells: pa.ChunkedArray) -> None:
        """Take the next cells."""
        import pyarrow as pa

        # One array is encoded far faster than many; beyond 2 GB it must be of large strings.
        large = cells.cast(pa.large_string()) if pa.types.is_string(cells.type) else cells
        chunk = large.combine_chunks().dictionary_encode()
        texts = chunk.dictionary.cast(pa.large_string())
        self._waiting.append(pa.DictionaryArray.from_arrays(chunk.indices, texts))
        # The known texts are hashed again by every merge, so merges wait for as many others.
        if sum(len(chunk.dictionary) for chunk in self._waiting) >= max(
            _FEW_TEXTS, len(self._texts)
        ):
            self._merge()

    def array(self) -> ColumnArray | None:
        """What the column makes of all cells; None if one is faulty.

        Raises:
            DataError: texts are compared that do not fit together.
        """
        import pyarrow as pa

        self._merge()
        self._codes = [np.concatenate(self._codes)]
        if isinstance(self._column, WhereColumn):
            # What a text matches does not depend on the number of its rows.
            matches = self._column.array(pa.chunked_array([self._texts]))
            array: ColumnArray | None = None if matches is None else matches[self._codes[0]]
        else:
            cells = pa.DictionaryArray.from_arrays(pa.array(self._codes[0]), self._texts)
            array = self._column.array(pa.chunked_array([cells]))
        if array is not None:
            self._codes.clear()
        return array

    def sound_rows(self) -> int:
        """So many first rows have no fault, after ``array`` has found one."""
        faults = map(self._column.fault, self._texts.to_pylist())
        faulty = np.array([fault is not None for fault in faults], dtype=np.bool_)
        return int(np.argmax(faulty[self._codes[0]]))

    def _merge(self) -> None:
        """Replace the codes of the waiting chunks by those of all texts."""
        import pyarrow as pa

        # Texts keep their codes, because those of the first chunk stay in front.
        known = pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), self._texts)
        merged = pa.chunked_array([known, *self._waiting]).unify_dictionaries()
        self._texts = merged.chunk(0).dictionary
        self._codes += [chunk.indices.to_numpy() for chunk in merged.chunks[1:]]
        self._waiting.clear()
