"""True preferences in the order of the indices, and data files as they are recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphrec_cli.data.idmap import IdMap
from graphrec_cli.data.source import DataFile, TruePreferences, describe_files
from graphrec_cli.errors import DataError

PREFERENCES = TruePreferences(
    np.array([10, 20, 30]), np.array([1, 2]), np.arange(6, dtype=np.float32).reshape(3, 2)
)


def test_rows_and_columns_follow_the_id_maps() -> None:
    aligned = PREFERENCES.aligned(IdMap(np.array([10, 30])), IdMap(np.array([2])))
    assert aligned.tolist() == [[1.0], [5.0]]
    assert aligned.dtype == np.float32


@pytest.mark.parametrize(
    ("users", "items", "message"),
    [([10, 25], [1], "for user 25"), ([10, 40], [1], "for user 40"), ([10], [0, 1], "for item 0")],
)
def test_an_id_without_scores_is_named(users: list[int], items: list[int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        PREFERENCES.aligned(IdMap(np.array(users)), IdMap(np.array(items)))


def test_data_files_are_named_as_they_were_given() -> None:
    """An absolute path would reveal the user's name in a shared run."""
    file = DataFile(Path("data/ratings.csv"), "ab" * 32, 12)
    assert describe_files((file,)) == [
        {"path": str(Path("data/ratings.csv")), "sha256": "ab" * 32, "size": 12}
    ]
    assert describe_files(()) == []
