"""Lists in the cells of delimited text: JSON, as Python or numpy print them, or separated."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    import pyarrow as pa

MAX_CELL = 2**20
"""Maximum length of a list's cell, in characters."""
_SEPARATORS = ("\t", ",", ";", "|")
_ELLIPSIS = "..."
"""What numpy prints in place of most of a long array."""


def split_cells(
    path: Path, name: str, cells: NDArray[np.object_]
) -> tuple[NDArray[np.int64], pa.ChunkedArray]:
    """Split the cells of a column of lists.

    Args:
        path, name: the file and the column, for messages.
        cells: ``[1, 2]``, ``['a', 'b']``, ``['a' 'b']``, ``1 2``, ``1,2``, ``1;2`` or ``1|2``; an
            empty cell is an empty list.

    Returns:
        The length of each list, shape (cells,), and the entries of all lists.

    Raises:
        DataError: a cell is not a list.
    """
    bare = np.array([cell.strip() for cell in cells], dtype=object)
    full = [cell for cell in bare if cell]
    bracketed = [cell for cell in full if cell[0] == "[" and cell[-1] == "]"]
    if bracketed and len(bracketed) == len(full):
        lists = _parsed(full)
        if lists is not None:
            length = np.zeros(len(bare), dtype=np.int64)
            length[bare != ""] = list(map(len, lists))
            return length, _strings(path, name, list(chain.from_iterable(lists)))
        bare = np.array([cell[1:-1] for cell in bare], dtype=object)
        bare = np.array([cell.replace("'", "").replace('"', "") for cell in bare], dtype=object)
    return _separated(path, name, bare)


def _parsed(cells: list[str]) -> list[list[object]] | None:
    """The lists of JSON or of Python's ``repr``; None if a cell is neither."""
    text = f"[{','.join(cells)}]"
    for form in (text, text.replace("'", '"') if '"' not in text else None):
        if form is None:
            continue
        try:
            lists = json.loads(form, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        return lists if len(lists) == len(cells) and _are_lists(lists) else None
    return None


def _are_lists(values: list[object]) -> bool:
    return all(isinstance(value, list) for value in values)


def _separated(
    path: Path, name: str, cells: NDArray[np.object_]
) -> tuple[NDArray[np.int64], pa.ChunkedArray]:
    import pyarrow as pa
    import pyarrow.compute as pc

    separator = next((sign for sign in _SEPARATORS if any(sign in cell for cell in cells)), None)
    texts = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    if separator is None:
        lists = pc.utf8_split_whitespace(texts)
    else:
        lists = pc.split_pattern(texts, separator)
    length = np.where(cells == "", 0, pc.list_value_length(lists).to_numpy()).astype(np.int64)
    entries = pc.list_flatten(lists.filter(pa.array(cells != "")))
    _refuse_ellipsis(path, name, entries)
    return length, pa.chunked_array([entries])


def _strings(path: Path, name: str, entries: list[object]) -> pa.ChunkedArray:
    import pyarrow as pa

    odd = next((entry for entry in entries if not isinstance(entry, str)), None)
    if odd is not None:
        raise DataError(
            f"{path}: a list in column {name} has the entry {shorten(str(odd), 40)}, which is no id"
        )
    return pa.chunked_array([pa.array(entries, pa.string())])


def _refuse_ellipsis(path: Path, name: str, entries: pa.Array) -> None:
    import pyarrow.compute as pc

    if len(entries) and pc.any(pc.equal(entries, _ELLIPSIS)).as_py():
        raise DataError(
            f"{path}: lists in column {name} are shortened by '...', as numpy prints long arrays; "
            "write whole lists, with .tolist()"
        )
