"""``graphrec train split=...``: every split completes a run, and its counts are in the funnel."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "words",
    [
        ("split=leave_one_out", "split.by=time"),
        ("split=ratio", "split.test_ratio=0.2"),
        ("split=ratio", "split.scope=all", "split.valid_ratio=0"),
        ("split=global_time",),
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
