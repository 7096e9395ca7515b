"""``split.test=0``: all data are trained on, nothing is tested, and recommendations work."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders import Command
from builders import read_json as read

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("split.test=0", "split.valid=0"), "split.test=0"),
        (("split=ratio", "split.test_ratio=0", "split.valid_ratio=0"), "split.test_ratio=0"),
        (("split=global_time", "split.test_ratio=0", "split.valid_ratio=0"), "split.test_ratio=0"),
    ],
)
def test_all_pairs_are_trained_on(graphrec: Command, words: tuple[str, ...], key: str) -> None:
    done = graphrec("train", *words)
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        f"no test part ({key}), so there are no test metrics",
        str(done.run.relative_to(done.folder)),
    ]
    assert "no valid part: training ends after trainer.epochs" in done.err
    metrics = read(done.run / "metrics.json")
    assert metrics["test"] is None
    assert metrics["valid"] is None
    assert metrics["baselines"] == {}
    assert metrics["counts"] == {"test": None, "valid": None}
    assert metrics["selected_epoch"] == metrics["epochs_run"] == 2
    assert not (done.run / "ranks.npz").exists()
    with np.load(done.run / "data.npz") as data:
        rows_left = read(done.run / "funnel.json")["rows_left"]
        assert len(data["train_item_index"]) == rows_left
        user, last = data["user_id"][0], data["train_indptr"][1]
        seen = set(data["item_id"][data["train_item_index"][:last]].tolist())

    given = graphrec("recommend", str(done.run), f"users={user}", "k=5", "--json")
    assert given.code == 0, given.err
    (row,) = json.loads(given.out)
    items = {item["item_id"] for item in row["items"]}
    assert len(items) == 5
    assert not items & seen


def test_the_valid_part_still_selects_the_epoch(graphrec: Command) -> None:
    done = graphrec("train", "split.test=0")
    assert done.code == 0, done.err
    metrics = read(done.run / "metrics.json")
    value, epoch = metrics["valid"]["ndcg@5"], metrics["selected_epoch"]
    assert done.out.splitlines()[0] == (
        "no test part (split.test=0), so there are no test metrics; "
        f"valid ndcg@5 {value:.4f}, epoch {epoch}"
    )
    valid = graphrec("evaluate", str(done.run), "part=valid", "--json")
    assert json.loads(valid.out)["valid"] == metrics["valid"]
    tested = graphrec("evaluate", str(done.run))
    assert tested.code == 2
    assert "this split has no test part (split.test=0" in tested.err
    again = graphrec("reproduce", str(done.run))
    assert again.code == 0, again.err
    assert "reproduced: every figure and the weights" in again.out


def test_a_sweep_has_no_test_column_to_fill(graphrec: Command) -> None:
    done = graphrec("train", "split.test=0", "seed=1,2", "-m", "sweep.test=true")
    assert done.code == 0, done.err
    header, _, row, *_ = done.out.splitlines()
    assert header.split()[:6] == ["runs", "valid", "ndcg@5", "sd", "test", "ndcg@5"]
    runs, valid, sd, test, test_sd, number, *_ = row.split()
    assert (runs, test, test_sd, number) == ("1-2", "-", "-", "2")
    assert "-" not in (valid, sd)
