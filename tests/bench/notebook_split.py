"""The split of the MovieLens-1M notebook: ``python tests/bench/notebook_split.py ML_1M FOLDER``.

The notebook shuffles the rows of every user with the same seed, so its split depends on the order
of the rows in the published file. Copies of the data often have another order. This script
restores the published one: the movies of a user stand as Perl 5.6 lists the keys of a hash. It
then writes ``train.txt`` and ``test.txt``, lines of a user and its movies, into FOLDER.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

SEED = 123
"""The notebook imports its split. With this seed it has all movie numbers that the notebook
prints."""
TRAIN_SHARE = 0.75


class PerlHash:
    """The keys of a hash of Perl 5.6, in the order in which it lists them.

    A new key goes to the front of its bucket. The table doubles when a key goes into an empty
    bucket while there are more keys than buckets - 1; emptying the hash does not shrink it.
    """

    def __init__(self) -> None:
        self._buckets: list[list[tuple[int, int]]] = [[] for _ in range(8)]

    def listed(self, keys: Iterable[int]) -> Iterator[int]:
        """Empty the hash, insert ``keys`` in this order, and list them."""
        self._buckets = [[] for _ in self._buckets]
        for number, key in enumerate(keys, start=1):
            code = perl_code(str(key))
            bucket = self._buckets[code % len(self._buckets)]
            bucket.insert(0, (code, key))
            if len(bucket) == 1 and number > len(self._buckets) - 1:
                self._double()
        return (key for bucket in self._buckets for _, key in bucket)

    def _double(self) -> None:
        old = len(self._buckets)
        lower, upper = [], []
        for bucket in self._buckets:
            lower.append([entry for entry in bucket if not entry[0] & old])
            upper.append([entry for entry in reversed(bucket) if entry[0] & old])
        self._buckets = lower + upper


def perl_code(text: str) -> int:
    """The hash code of a string in Perl 5.6: h = 33 h + byte, then h + (h >> 5), in 32 bits."""
    code = 0
    for byte in text.encode():
        code = (33 * code + byte) % (1 << 32)
    signed = code - (code >> 31 << 32)
    return (code + (signed >> 5)) % (1 << 32)


def published_order(ratings: pd.DataFrame) -> pd.DataFrame:
    """The pairs (user, movie) in the order of the published file.

    Args:
        ratings: whole numbers in the columns user and movie.
    """
    table = PerlHash()
    pairs = [
        (user, movie)
        for user, movies in ratings.groupby("user")["movie"]
        for movie in table.listed(sorted(movies))
    ]
    return pd.DataFrame(pairs, columns=["user", "movie"])


def notebook_split(pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and test: every user's rows are shuffled with the same seed, then cut."""
    parts: tuple[list[pd.DataFrame], list[pd.DataFrame]] = ([], [])
    for _, rows in pairs.groupby("user"):
        shuffled = rows.sample(frac=1, random_state=SEED)
        cut = round(TRAIN_SHARE * len(rows))
        parts[0].append(shuffled[:cut])
        parts[1].append(shuffled[cut:])
    return pd.concat(parts[0]), pd.concat(parts[1])


def read_ratings(folder: Path) -> pd.DataFrame:
    """The users and movies of ``ratings.dat`` or ``ratings.dat.gz``."""
    (path, *_) = [*folder.glob("ratings.dat"), *folder.glob("ratings.dat.gz")]
    return pd.read_csv(
        path, sep="::", engine="python", usecols=[0, 1], names=["user", "movie", "rating", "time"]
    )


def main(argv: list[str] | None = None) -> int:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ml_1m", type=Path, help="folder that holds ratings.dat or ratings.dat.gz")
    parser.add_argument("folder", type=Path, help="where train.txt and test.txt are written")
    arguments = parser.parse_args(argv)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    split = notebook_split(published_order(read_ratings(arguments.ml_1m)))
    for name, part in zip(("train.txt", "test.txt"), split, strict=True):
        lines = [f"{user} {' '.join(map(str, rows))}" for user, rows in part.groupby("user").movie]
        (arguments.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{arguments.folder / name}: {len(part):,} pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
