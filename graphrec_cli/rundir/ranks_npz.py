"""Read ranks.npz: the rank of every held-out pair of the test part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.bounded_npz import read_npz
from graphrec_cli.terminal_text import first_line

_TYPES: dict[str, type[np.generic]] = {
    "user_index": np.int32,
    "item_index": np.int32,
    "rank": np.int64,
}


class SavedRanks(NamedTuple):
    """Held-out pairs with their ranks; each array has the shape (pairs,).

    Attributes:
        user_index, item_index: int32.
        rank: int64, 0-based; -1 for an item that counts as never found.
    """

    user_index: NDArray[np.int32]
    item_index: NDArray[np.int32]
    rank: NDArray[np.int64]


def load_ranks(path: Path, *, num_users: int, num_items: int) -> SavedRanks:
    """Read the ranks of a ranking run.

    Args:
        path: ranks.npz, which may come from somebody else.
        num_users: users of the run's data.npz.
        num_items: items of the run's data.npz.

    Raises:
        OutputError: the file is missing, damaged or too large, it holds predicted ratings instead
            of ranks, or an index or a rank is out of range.
    """
    try:
        ranks = SavedRanks(**read_npz(path, _TYPES, _check_lengths))
        for name, index, size in (
            ("user_index", ranks.user_index, num_users),
            ("item_index", ranks.item_index, num_items),
        ):
            _check_range(name, index, 0, size - 1)
        _check_range("rank", ranks.rank, -1, num_items - 1)
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror or error}") from error
    except MemoryError as error:
        raise OutputError(f"cannot read {path}: not enough memory") from error
    except Exception as error:
        # Hostile bytes can make the reader fail in any way: on an index, a key, a type.
        raise OutputError(f"cannot read {path}: {first_line(error)}") from error
    return ranks


def _check_lengths(lengths: Mapping[str, int]) -> None:
    for name in _TYPES:
        if name not in lengths:
            raise ValueError(f"it has no array {name}")
    if len(set(lengths.values())) > 1:
        raise ValueError("its arrays differ in length")


def _check_range(name: str, values: NDArray[Any], low: int, high: int) -> None:
    if len(values) and not (values.min() >= low and values.max() <= high):
        raise ValueError(f"its array {name} has values outside {low}..{high}")
