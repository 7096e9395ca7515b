"""Eight public data sets as csv files with the columns user, item and, where known, rating, time.

Every row is a positive. The files are those of docs/defaults.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

RATED = ["user", "item", "rating", "time"]
PAIRS = ["user", "item"]


def delimited(
    *files: str, columns: list[str], separator: str = "\t", header: int | None = None
) -> Callable[[Path], pd.DataFrame]:
    """A reader of files with one interaction a line, under each other; it names their columns."""

    def read(folder: Path) -> pd.DataFrame:
        parts = [
            pd.read_csv(
                folder / file,
                sep=separator,
                header=header,
                dtype=str,
                engine="python" if len(separator) > 1 else "c",
                encoding="latin-1",
            )
            for file in files
        ]
        return pd.concat([part.set_axis(columns, axis=1) for part in parts])

    return read


def lists(*files: str) -> Callable[[Path], pd.DataFrame]:
    """A reader of lines ``user item item ...``."""

    def read(folder: Path) -> pd.DataFrame:
        lines = [line.split() for file in files for line in (folder / file).open(encoding="utf-8")]
        return pd.DataFrame([(line[0], item) for line in lines for item in line[1:]], columns=PAIRS)

    return read


TABLES: dict[str, tuple[str, Callable[[Path], pd.DataFrame]]] = {
    "MovieLens-100K": ("ml-100k", delimited("u.data", columns=RATED)),
    "MovieLens latest-small": (
        "ml-latest-small",
        delimited("ratings.csv", columns=RATED, separator=",", header=0),
    ),
    "MovieLens-1M": ("ml-1m", delimited("ratings.dat.gz", columns=RATED, separator="::")),
    "Last.fm": ("lastfm", delimited("data1.txt", "test1.txt", columns=[*PAIRS, "listens"])),
    "Amazon Beauty": ("amazon-beauty", lists("Beauty.txt")),
    "Book-Crossing": (
        "book-crossing",
        delimited("BX-Book-Ratings.csv", columns=[*PAIRS, "rating"], separator=";", header=0),
    ),
    "Book-Crossing, CaseRec": (
        "book-crossing-caserec",
        delimited("book_history.dat", columns=[*PAIRS, "accessed"], header=0),
    ),
    "Gowalla": ("gowalla", lists("train.txt", "test.txt")),
}
"""By name, the folder in the data folder and how its files are read."""


def write_table(name: str, data_dir: Path, path: Path) -> bool:
    """Write one of ``TABLES``; False if ``data_dir`` does not have it."""
    folder, read = TABLES[name]
    if not (data_dir / folder).is_dir():
        return False
    table = read(data_dir / folder)
    table[[column for column in RATED if column in table]].to_csv(path, index=False)
    return True
