"""The prefilter and the k-core's mode through the command line, into config.json and the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from graphrec_cli.config.serialize import config_to_dict, read_config

pytestmark = pytest.mark.slow

KEY = "dataset.prefilter.k_core"


def test_a_filtered_run_says_what_it_did_and_keeps_its_config(graphrec: Callable[..., Any]) -> None:
    done = graphrec(
        "train", "dataset.k_core.mode=one_pass", f"{KEY}.min_user_interactions=7", "plots=false"
    )
    assert done.code == 0
    assert "(prefilter.k_core): user with fewer than 7 interactions" in done.err
    assert "the k-core was applied before the split" in done.err
    saved: dict[str, Any] = json.loads((done.run / "config.json").read_text(encoding="utf-8"))
    assert saved["dataset"]["k_core"]["mode"] == "one_pass"
    assert saved["dataset"]["prefilter"] == {
        "rating_threshold": None,
        "k_core": {
            "mode": "fixpoint",
            "min_user_interactions": 7,
            "min_item_interactions": 1,
        },
    }
    assert config_to_dict(read_config(done.run / "config.json")) == saved


def test_the_log_is_silent_about_a_k_core_that_dropped_nothing(
    graphrec: Callable[..., Any],
) -> None:
    words = ["dataset.k_core.min_user_interactions=1", "dataset.k_core.min_item_interactions=1"]
    done = graphrec("train", *words, "plots=false")
    assert done.code == 0
    assert "k-core" not in done.err


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (f"{KEY}.min_user_interactions=0", f"{KEY}.min_user_interactions must be a finite"),
        (f"{KEY}.minimum=3", f"unknown key '{KEY}.minimum'"),
        (f"+{KEY}.mod=one_pass", f"did you mean '{KEY}.mode'?"),
        ("dataset.prefilter.rating_treshold=1", "did you mean 'dataset.prefilter.rating_thresh"),
        ("dataset.prefilter.rating_threshold=nan", "rating_threshold must be a finite number"),
        ("dataset.k_core.mode=once", "k_core.mode must be one of fixpoint, one_pass"),
        ("dataset.prefilter=null", "dataset.prefilter"),
    ],
)
def test_a_wrong_filter_is_refused_by_its_full_key(
    graphrec: Callable[..., Any], word: str, message: str
) -> None:
    done = graphrec("train", word)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert message in line
