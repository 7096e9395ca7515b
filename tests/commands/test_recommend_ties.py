"""``graphrec recommend`` orders items of equal scores by their popularity in train."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from builders import Command, Finished

# Readers of a and b never meet those of the other items, of which z is the most popular.
ROWS = """\
user,item
u1,a
u1,b
u2,a
u2,b
u3,a
v1,c
v1,z
v2,d
v2,z
v3,y
v3,z
v4,y
v4,z
w,a
w,b
w,c
"""
NOTE = "end with items of score 0, which have nothing in common with the user's items"


@pytest.fixture
def run(tmp_path: Path, full_size: Command) -> Finished:
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    # Users with two items stay in train; one of w's items is held out.
    return full_size(
        "train",
        *("model=itemknn", "dataset=table", "dataset.path=rows.csv", "split.valid=0", "seed=1"),
        *("evaluation.ks=[1]", "trainer.monitor=ndcg@1", "num_threads=1", "device=cpu"),
    )


def test_items_without_a_neighbour_come_by_popularity_then_id(
    run: Finished, full_size: Command
) -> None:
    done = full_size("recommend", str(run.run), "users=u3,v1", "k=5", "--json")
    lists = {
        user["user_id"]: [(item["item_id"], item["score"] > 0) for item in user["items"]]
        for user in json.loads(done.out)
    }
    with np.load(run.run / "data.npz") as data:
        item_id = data["item_id"].tolist()
        degree = np.bincount(data["train_item_index"], minlength=len(item_id))
    popularity = dict(zip(item_id, degree.tolist(), strict=True))
    rest = sorted("cdyz", key=lambda item: (-popularity[item], item))
    assert rest[:2] == ["z", "y"]
    assert lists["u3"] == [("b", True), *((item, False) for item in rest)]
    assert [item for item, known in lists["v1"] if known] == ["y", "d"]
    assert f"2 of 2 lists {NOTE}; the most popular of them come first" in done.err


def test_lists_without_such_items_have_no_note(run: Finished, full_size: Command) -> None:
    done = full_size("recommend", str(run.run), "users=u3,v1", "k=1", "--json")
    assert [len(user["items"]) for user in json.loads(done.out)] == [1, 1]
    assert done.err == ""


def test_a_new_user_gets_the_same_order(run: Finished, full_size: Command) -> None:
    done = full_size("recommend", str(run.run), "items=d", "k=4", "--json")
    (user,) = json.loads(done.out)
    assert [item["item_id"] for item in user["items"]][:3] == ["z", "a", "b"]
    assert f"1 of 1 lists {NOTE}" in done.err
