"""ranks.npz of a run, and files that are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.rundir.ranks_npz import load_ranks


def arrays(**changed: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
    usual: dict[str, NDArray[np.generic]] = {
        "user_index": np.array([0, 1], dtype=np.int32),
        "item_index": np.array([2, 0], dtype=np.int32),
        "rank": np.array([-1, 2], dtype=np.int64),
    }
    return usual | changed


def test_the_ranks_come_back(tmp_path: Path) -> None:
    save_arrays(tmp_path / "ranks.npz", arrays())
    ranks = load_ranks(tmp_path / "ranks.npz", num_users=2, num_items=3)
    for name, array in arrays().items():
        assert np.array_equal(getattr(ranks, name), array)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"rank": np.array([-2, 0])}, r"rank has values outside -1\.\.2"),
        ({"rank": np.array([3, 0])}, r"rank has values outside -1\.\.2"),
        ({"user_index": np.array([0, 2], dtype=np.int32)}, r"user_index has values outside 0\.\.1"),
        ({"item_index": np.array([3, 0], dtype=np.int32)}, r"item_index has values outside 0\.\.2"),
        ({"rank": np.array([0])}, "differ in length"),
        ({"rank": np.array([0, 1], dtype=np.int32)}, "has the type int32, not int64"),
        ({"rating": np.array([1, 2], dtype=np.float32)}, "'rating.npy', which is not an array"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, changed: dict[str, NDArray[np.generic]], message: str
) -> None:
    save_arrays(tmp_path / "ranks.npz", arrays(**changed))
    with pytest.raises(OutputError, match=message):
        load_ranks(tmp_path / "ranks.npz", num_users=2, num_items=3)


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ranks.npz"
    with pytest.raises(OutputError, match=r"ranks\.npz: No such file"):
        load_ranks(path, num_users=2, num_items=3)
    path.write_bytes(b"PK")
    with pytest.raises(OutputError, match=r"cannot read .*ranks\.npz"):
        load_ranks(path, num_users=2, num_items=3)
