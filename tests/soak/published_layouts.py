"""The layouts of published ratings, their readers in graphrec, and an independent reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from table_truth import Faulty, is_blank, number, split_rows

from graphrec_cli.config.dataset import GoodBooksConfig, RemoteFileConfig
from graphrec_cli.config.movielens import (
    MovieLens1MConfig,
    MovieLens100KConfig,
    MovieLensLatestConfig,
)
from graphrec_cli.data.source import SourceData
from graphrec_cli.data.sources.goodbooks import GOODBOOKS
from graphrec_cli.data.sources.movielens import (
    MOVIELENS_1M,
    MOVIELENS_100K,
    MOVIELENS_LATEST,
)

ZIP = RemoteFileConfig(url="https://example.org/none.zip")
YEAR_2262 = 9_214_646_400
"""Its first second, counted from 1970."""
LARGEST_ID = 2**63 - 1
PRIVATE = "\ue000"
"""Replaces a separator of two characters."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a data set writes its ratings.

    Attributes:
        path: of the file, below the working directory.
        names: of the columns: users, items, ratings, and times where there are four.
        separator, header, quoted: how the file is written.
        low: the lowest rating; the highest is 5.
        load: reads it.
    """

    path: Path
    names: tuple[str, ...]
    separator: str
    header: bool
    quoted: bool
    low: float
    load: Callable[[], SourceData]


LAYOUTS = (
    Layout(
        path=Path("goodbooks/ratings.csv"),
        names=("user_id", "book_id", "rating"),
        separator=",",
        header=True,
        quoted=True,
        low=1.0,
        load=partial(
            GOODBOOKS.read,
            GoodBooksConfig(folder="goodbooks", download=False, signals=["rating_pos"]),
            data_dir=Path(),
            seed=0,
        ),
    ),
    Layout(
        path=Path("latest/ratings.csv"),
        names=("userId", "movieId", "rating", "timestamp"),
        separator=",",
        header=True,
        quoted=True,
        low=0.5,
        load=partial(
            MOVIELENS_LATEST.read,
            MovieLensLatestConfig(folder="latest", download=False, archive=ZIP),
            data_dir=Path(),
            seed=0,
        ),
    ),
    Layout(
        path=Path("100k/u.data"),
        names=("user", "item", "rating", "timestamp"),
        separator="\t",
        header=False,
        quoted=False,
        low=0.5,
        load=partial(
            MOVIELENS_100K.read,
            MovieLens100KConfig(folder="100k", download=False, archive=ZIP),
            data_dir=Path(),
            seed=0,
        ),
    ),
    Layout(
        path=Path("1m/ratings.dat"),
        names=("UserID", "MovieID", "Rating", "Timestamp"),
        separator="::",
        header=False,
        quoted=False,
        low=0.5,
        load=partial(
            MOVIELENS_1M.read,
            MovieLens1MConfig(folder="1m", download=False, archive=ZIP),
            data_dir=Path(),
            seed=0,
        ),
    ),
)


def read_ratings(content: bytes, layout: Layout) -> tuple[list[list[float]], bool]:
    """The cells of every row as numbers, and whether every reader must accept them.

    Raises:
        Faulty: they must be refused.
    """
    if b"\0" in content:
        raise Faulty("a NUL byte")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Faulty("wrong bytes") from error
    separator = layout.separator
    if len(separator) == 2:
        text, separator = text.replace(PRIVATE, "?").replace(separator, PRIVATE), PRIVATE
    rows, sure = split_rows(text, separator, layout.quoted)
    names = list(layout.names)
    if layout.header:
        if not rows:
            raise Faulty("no header")
        names = [name.strip() for name in rows[0][1]]
        rows = rows[1:]
    if len(set(names)) != len(names) or not set(layout.names) <= set(names):
        raise Faulty("other columns")
    body = [row for _, row in rows if not is_blank(row)]
    if not body:
        raise Faulty("no rows")
    if any(len(row) != len(names) for row in body):
        raise Faulty("ragged rows")
    sure = sure and not body[0][0].startswith("\ufeff")
    ids = [names.index(name) for name in layout.names if name != layout.names[2]]
    rating = names.index(layout.names[2])
    numbers = [[_id(row[place]) for place in ids] for row in body]
    if any(time >= YEAR_2262 for row in numbers for time in row[2:]):
        raise Faulty("a time beyond the year 2261")
    for row, cells in zip(numbers, body, strict=True):
        row.insert(2, _rating(cells[rating], layout.low))
    return numbers, sure


def _rating(cell: str, low: float) -> float:
    rating = number(cell)
    if rating is None or not low <= rating <= 5:
        raise Faulty(f"the rating {cell[:40]!r}")
    return float(np.float32(rating))


def _id(cell: str) -> float:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,1000}\s*", cell, re.ASCII):
        raise Faulty(f"the id {cell[:40]!r}")
    if not 0 <= int(cell) <= LARGEST_ID:
        raise Faulty(f"the id {cell[:40]!r}")
    return int(cell)
