"""The page of ``graphrec plan``: complete, and 80 columns wide."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec_cli.reporting.plan_tables import plan_report

SIZES = {
    "users": 1_000_000,
    "items": 200_000,
    "catalog": 199_000,
    "train_pairs": 120_000_000,
    "valid_pairs": 1_000_000,
    "test_pairs": 1_000_000,
    "valid_users": 1_000_000,
    "test_users": 1_000_000,
    "batch": 4_096,
    "steps_per_epoch": 29_297,
    "epochs": 30,
    "validations": 30,
    "adjacency_entries": 240_000_000,
}
MEMORY = {
    "held": {"Python and libraries": 300_000_000, "graph": 2_000_000_000},
    "passing": {"ranking": 400_000_000, "training step": 1_000_000_000},
    "preparation": 0,
    "peak": 3_300_000_000,
    "free": 16_000_000_000,
    "gpu": None,
}
TIME = {
    "step": 0.5,
    "sampling": 0.01,
    "steps_timed": 12,
    "epoch": 14_648.5,
    "validation": 220.0,
    "test": 230.0,
    "preparation": 1.5,
    "training": 439_455.0,
    "validations": 6_600.0,
    "final": 470.0,
    "total": 446_526.5,
}
REPORT: dict[str, Any] = {
    "dataset": "table",
    "model": "lightgcn",
    "loss": "softmax",
    "device": "cpu",
    "num_threads": 2,
    "cache": "there",
    "sizes": SIZES,
    "memory": MEMORY,
    "time": TIME,
    "not_timed": None,
    "floor": {"compared": ["itemknn"], "left_out": ["ease", "chebycf"]},
    "ranks": {
        "ranks": 8,
        "bandwidth": 1.25,
        "held": 2_100_000_000,
        "sent_a_step": 58_000_000,
        "step": 0.12,
        "evaluation": 700.0,
        "total": 126_469.2,
    },
    "gpu": {
        "bandwidth": 3_350.0,
        "step_low": 0.004,
        "step_high": 0.21,
        "launch": 0.004,
        "evaluation": 14.9,
        "total": 185_018.1,
        "peak": 9_000_000_000,
    },
    "dead": ["trainer.patience=30 cannot stop training: " + "for a long reason " * 8],
}


def test_every_part_is_there_within_80_columns() -> None:
    page = plan_report(REPORT)
    assert max(map(len, page.splitlines())) <= 80
    for text in (
        "1,000,000 users, 200,000 items",
        "entries of the graph, both directions  240,000,000",
        "and for a while: training step   1,000.0",
        "or for a while: ranking            400.0",
        "time with 2 threads",
        "epoch of 29,297 steps",
        "Steps were timed 12 times.",
        "itemknn (half a minute each at most)",
        "8 processes, 1.25 GB/s between them",
        "a GPU with 3350 GB/s",
        "The memory of the GPU has to hold 9,000.0 MB.",
        "settings that cannot act:\n- trainer.patience=30",
    ):
        assert text in page, text
    assert "Not compared with ease, chebycf, which" in " ".join(page.split())


def test_without_a_time_the_reason_stands_there() -> None:
    page = plan_report(REPORT | {"time": None, "not_timed": "it needs 9.0 GB", "ranks": None})
    assert "no time is given: it needs 9.0 GB" in page
    assert "Not included" not in page


def test_a_model_that_is_not_trained_has_no_steps() -> None:
    time = TIME | {"step": None, "sampling": None, "epoch": None, "steps_timed": 0}
    page = plan_report(
        REPORT | {"time": time, "loss": None, "sizes": SIZES | {"epochs": 0}, "ranks": None}
    )
    assert "step" not in page.partition("a GPU")[0].replace("training step   ", "")
    assert "model=lightgcn on table" in page


@pytest.mark.parametrize(("preparation", "named"), [(3_300_000_000, True), (10, False)])
def test_a_peak_of_the_preparation_is_named(preparation: int, named: bool) -> None:
    page = plan_report(REPORT | {"memory": MEMORY | {"preparation": preparation}})
    assert ("The peak is that of the preparation" in page) is named


def test_a_gpu_of_this_machine_has_its_own_table() -> None:
    there = {"held": {"graph": 5}, "passing": {"ranking": 7}, "peak": 12, "free": 20}
    page = plan_report(REPORT | {"device": "cuda", "memory": MEMORY | {"gpu": there}})
    assert "memory on the GPU" in page
    assert "time with this machine's GPU and 2 threads" in page
