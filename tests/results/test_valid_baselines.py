"""The baselines on valid: the same figures as those of the models themselves, in long runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import TINY, TINY_DATA, TINY_SETTINGS, call, read_json


@pytest.mark.parametrize("words", [(), ("trainer.valid_users=20",)], ids=str)
def test_they_are_what_a_run_of_the_baseline_has(words: tuple[str, ...], tmp_path: Path) -> None:
    trained = call(tmp_path, "train", *TINY, "seed=3", *words, "evaluation.floor=null")
    counted = call(
        tmp_path, "train", *TINY_DATA, *TINY_SETTINGS, "model=popularity", "seed=3", *words
    )
    baselines = read_json(trained.run / "metrics.json")["baselines_valid"]
    alone = read_json(counted.run / "metrics.json")
    assert baselines == {"popularity": alone["valid"]}
    assert alone["baselines_valid"] == {}
    # They are not those of test.
    assert baselines["popularity"] != alone["test"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("split.valid=0",),
        # 60 x 40 scores, more than five for each of the 2 x 40 examples.
        ("trainer.steps_per_epoch=1", "trainer.batch_size=40"),
        ("model=mf", "trainer.steps_per_epoch=2", "trainer.batch_size=400"),
    ],
    ids=str,
)
def test_short_runs_and_those_without_valid_have_none(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    done = call(tmp_path, "train", *TINY, "evaluation.floor=null", *words)
    assert read_json(done.run / "metrics.json")["baselines_valid"] == {}
