"""``graphrec train split=...``: every split completes a run, and its counts are in the funnel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "words",
    [
        ("split=leave_one_out", "split.by=time"),
        ("split=ratio", "split.test_ratio=0.2"),
        ("split=ratio", "split.scope=all", "split.valid_ratio=0"),
        ("split=ratio", "split.by=time"),
        ("split=global_time",),
        ("split=global_time", "split.valid_from=2021-06-01", "split.test_from=2021-10-01T06:00"),
        ("split=k_fold", "split.fold=4", "split.scope=all"),
    ],
)
def test_a_split_makes_a_run_that_evaluate_repeats(
    graphrec: Callable[..., Any], words: tuple[str, ...]
) -> None:
    done = graphrec("train", *words, "trainer.epochs=1", "plots=false")
    assert done.code == 0, done.err
    notes = json.loads((done.run / "funnel.json").read_text("utf-8"))["notes"]
    rows = json.loads((done.run / "funnel.json").read_text("utf-8"))["rows_left"]
    assert notes["pairs_train"] + notes["pairs_valid"] + notes["pairs_test"] == rows
    assert notes["pairs_test"] > 0
    assert (notes["pairs_valid"] > 0) == ("split.valid_ratio=0" not in words)
    metrics = json.loads((done.run / "metrics.json").read_text("utf-8"))
    again = graphrec("evaluate", str(done.run), "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["test"] == metrics["test"]


ROWS = """\
user,item,timestamp
u1,a,2020-01-01
u1,b,2020-01-05
u1,c,2020-02-01
u1,d,2020-01-20
u1,e,2020-01-10T12:00:00
u2,b,2019-12-31T23:00:00
u2,a,2020-03-01
u2,d,2020-01-20T00:00:01
u2,c,2020-01-19T23:59:59
u2,e,2020-01-02
"""


@pytest.mark.parametrize(
    ("words", "valid", "test"),
    [
        (
            ("split=ratio", "split.by=time", "split.test_ratio=0.2", "split.valid_ratio=0.2"),
            {"u1 d", "u2 d"},
            {"u1 c", "u2 a"},
        ),
        (
            ("split=global_time", "split.valid_from=2020-01-20", "split.test_from=2020-02-01"),
            {"u1 d", "u2 d"},
            {"u1 c", "u2 a"},
        ),
        (
            (
                "split=global_time",
                "split.test_from=2020-01-20T01:00:01+01:00",
                "split.valid_ratio=0",
            ),
            set(),
            {"u1 c", "u2 a", "u2 d"},
        ),
    ],
)
def test_the_newest_of_each_user_and_cuts_at_times_of_a_small_table(
    full_size: Callable[..., Any],
    tmp_path: Path,
    words: tuple[str, ...],
    valid: set[str],
    test: set[str],
) -> None:
    (tmp_path / "x.csv").write_text(ROWS)
    settings = ("evaluation.ks=[1]", "trainer.monitor=ndcg@1", "evaluation.cold_items=miss")
    done = full_size(
        "train", "dataset=table", "dataset.path=x.csv", "model=ease", *words, *settings
    )
    assert done.code == 0, done.err
    found: dict[str, set[str]] = {"valid": set(), "test": set()}
    with np.load(done.run / "data.npz") as data:
        for part in found:
            if f"{part}_indptr" in data:
                users = np.repeat(data["user_id"], np.diff(data[f"{part}_indptr"]))
                items = data["item_id"][data[f"{part}_item_index"]]
                pairs = zip(users.tolist(), items.tolist(), strict=True)
                found[part] = {f"{user} {item}" for user, item in pairs}
    assert found == {"valid": valid, "test": test}


def test_a_time_outside_the_data_is_answered_with_their_span(
    full_size: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text(ROWS)
    words = ("train", "dataset=table", "dataset.path=x.csv", "model=ease", "split=global_time")
    for word in ("split.test_from=2020-03-02", "split.test_from=2019-12-31"):
        done = full_size(*words, word)
        assert done.code == 3
        assert "its times are from 2019-12-31 23:00:00 to 2020-03-01 00:00:00 UTC" in done.err
    done = full_size(*words, "split.valid_from=2020-02-01", "split.test_from=2020-01-01")
    assert done.code == 2
    assert "split.valid_from must be earlier than split.test_from" in done.err


def test_data_without_ratings_cannot_be_split_by_rating(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", "split.by=rating")
    assert done.code == 3
    assert "split.by=rating needs a rating for every pair" in done.err
    assert "Traceback" not in done.err


def test_shares_that_leave_no_train_are_refused_before_data_are_read(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "split=ratio", "split.test_ratio=0.95")
    assert done.code == 2
    assert "split.test_ratio and split.valid_ratio must add up to less than 1" in done.err


def test_held_out_users_without_a_train_pair_are_named_with_what_helps(
    full_size: Callable[..., Any], tmp_path: Path
) -> None:
    rows = [f"u{day // 5},i{day % 5},2020-01-{day + 1:02d}" for day in range(20)]
    (tmp_path / "x.csv").write_text("\n".join(["user,item,time", *rows]))
    words = ("split=global_time", "split.valid_ratio=0", "split.test_ratio=0.25")
    settings = ("evaluation.ks=[1]", "trainer.monitor=ndcg@1")
    done = full_size(
        "train", "dataset=table", "dataset.path=x.csv", "model=ease", *words, *settings
    )
    assert done.code == 3
    last = done.err.splitlines()[-1]
    assert "test part can be ranked: 1 of its 1 users have no train interaction" in last
    assert "split=leave_one_out" in last
    assert "cold_items" not in last
