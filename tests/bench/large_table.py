"""Write a synthetic table of any number of rows, chunk by chunk: ``large_table.py PATH ROWS``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

CHUNK_ROWS = 2_000_000
SEED = 20241
REPEATED = 0.05
"""Share of the rows that repeat the pair of an earlier row of their chunk, at another time."""
FIRST_TIME, SECONDS = 1_400_000_000, 300_000_000


@dataclass(frozen=True, slots=True)
class TableSize:
    """Rows, and the users and items that they are drawn from."""

    num_rows: int
    num_users: int
    num_items: int


def size_of(num_rows: int) -> TableSize:
    """A user for 50 rows and an item for 200."""
    return TableSize(num_rows, max(num_rows // 50, 1), max(num_rows // 200, 1))


def write_table(path: Path, size: TableSize) -> None:
    """Write parquet or csv, by the ending of the path.

    Users' numbers of rows are log-normal. Items follow a shifted Zipf law. Ids are text. The rows
    are in no order, and their ratings are 0.5, 1, .. 5.
    """
    chunks = table_chunks(size)
    first = next(chunks)
    make = parquet.ParquetWriter if path.suffix == ".parquet" else csv.CSVWriter
    with make(path, first.schema) as writer:
        writer.write_table(first)
        for chunk in chunks:
            writer.write_table(chunk)


def table_chunks(size: TableSize) -> Iterator[pa.Table]:
    """Tables of at most ``CHUNK_ROWS`` rows: ``user_id, item_id, rating, timestamp``."""
    rng = np.random.default_rng(SEED)
    users = _shares(rng.lognormal(sigma=1.0, size=size.num_users))
    items = _shares(rng.permutation((np.arange(size.num_items) + 100.0) ** -0.8))
    user_ids = pa.array([f"u{number:07d}" for number in rng.permutation(size.num_users)])
    item_ids = pa.array([f"{number:07d}" for number in rng.permutation(size.num_items)])
    for start in range(0, size.num_rows, CHUNK_ROWS):
        rows = min(CHUNK_ROWS, size.num_rows - start)
        user, item = _draw(users, rows, rng), _draw(items, rows, rng)
        again = np.flatnonzero(rng.random(rows) < REPEATED)
        earlier = (again * rng.random(len(again))).astype(np.int64)
        user[again], item[again] = user[earlier], item[earlier]
        columns = {
            "user_id": user_ids.take(pa.array(user)),
            "item_id": item_ids.take(pa.array(item)),
            "rating": pa.array(rng.integers(1, 11, rows) / 2),
            "timestamp": pa.array(FIRST_TIME + rng.integers(0, SECONDS, rows)),
        }
        yield pa.table(columns)


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.cumsum(weights)
    shares: NDArray[np.float64] = total / total[-1]
    return shares


def _draw(shares: NDArray[np.float64], rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    # Sorted numbers are looked up several times as fast.
    found = np.searchsorted(shares, np.sort(rng.random(rows)), side="right")
    return rng.permutation(found)


if __name__ == "__main__":
    write_table(Path(sys.argv[1]), size_of(int(sys.argv[2])))
