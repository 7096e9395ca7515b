"""``split.seed`` and ``dataset.seed``: the split or the data alone, apart from the run's seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import Command, Finished
from builders import read_json as read

pytestmark = pytest.mark.slow


def split_hash(done: Finished) -> str:
    assert done.code == 0, done.err
    return str(read(done.run / "environment.json")["split_hash"])


def weights(done: Finished) -> str:
    return str(read(done.run / "metrics.json")["weights_sha256"])


def pairs(done: Finished) -> set[tuple[str, str]]:
    """The pairs of all parts together."""
    found = set()
    with np.load(done.run / "data.npz") as data:
        for part in ("train", "valid", "test"):
            users = np.repeat(data["user_id"], np.diff(data[f"{part}_indptr"]))
            items = data["item_id"][data[f"{part}_item_index"]]
            found |= set(zip(users.tolist(), items.tolist(), strict=True))
    return found


@pytest.fixture
def table(tmp_path: Path) -> tuple[str, str]:
    """Words of a table of 20 users with 5 of 12 items each."""
    rows = [f"u{user},i{item % 12}" for user in range(20) for item in range(user, user + 5)]
    (tmp_path / "mine.csv").write_text("\n".join(["user,item", *rows, ""]))
    return "dataset=table", "dataset.path=mine.csv"


def test_runs_of_several_seeds_share_the_split_of_one_seed(
    full_size: Command, table: tuple[str, str], small: tuple[str, ...]
) -> None:
    def train(*words: str) -> Finished:
        return full_size("train", *table, *small, *words)

    one, two = train("seed=1", "split.seed=7"), train("seed=2", "split.seed=7")
    assert split_hash(one) == split_hash(two)
    assert weights(one) != weights(two)
    assert "loaded the prepared data from the cache" in two.err
    default = train("seed=7")
    assert split_hash(default) == split_hash(one)
    assert split_hash(train("seed=2")) != split_hash(one)
    named = train("seed=7", "split.seed=7")
    assert (named.run / "metrics.json").read_bytes() == (default.run / "metrics.json").read_bytes()


def test_one_seed_of_the_data_gives_one_table_and_many_splits(graphrec: Command) -> None:
    one = graphrec("train", "seed=1", "dataset.seed=7")
    two = graphrec("train", "seed=2", "dataset.seed=7")
    other = graphrec("train", "seed=1")
    assert split_hash(one) != split_hash(two)
    assert pairs(one) == pairs(two) != pairs(other)
    same = graphrec("train", "seed=2", "dataset.seed=7", "split.seed=1")
    assert split_hash(same) == split_hash(one)
    inspected = graphrec("data", "inspect", "seed=2", "dataset.seed=7")
    assert "generated in memory with seed 7" in inspected.out


def test_reproduce_with_another_seed_still_refuses_other_data_for_a_split_of_its_own_seed(
    full_size: Command, table: tuple[str, str], small: tuple[str, ...], tmp_path: Path
) -> None:
    done = full_size("train", *table, *small, "split.seed=7")
    assert split_hash(done)
    again = full_size("reproduce", str(done.run), "seed=9")
    assert again.code == 0, again.err
    assert "no verdict: the config was changed" in again.out
    assert split_hash(again) == split_hash(done)
    with (tmp_path / "mine.csv").open("a") as file:
        file.write("u1,i11\n")
    changed = full_size("reproduce", str(done.run), "seed=9")
    assert changed.code == 4
    assert "mine.csv changed since the run" in changed.err
