"""The softmax loss, its options and what goes with them, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Command = Callable[..., Any]


def test_a_run_is_reproduced_and_judged_again(graphrec: Command) -> None:
    done = graphrec("train", "loss=softmax", "loss.num_negatives=20", "sampler.by=interaction")
    assert done.code == 0, done.err
    assert "pairs/s" in done.err
    config = json.loads((done.run / "config.json").read_text(encoding="utf-8"))
    assert config["loss"]["negatives"] == "shared"
    again = graphrec("reproduce", str(done.run), "num_threads=1")
    assert again.code == 0, again.err
    judged = graphrec("evaluate", str(done.run))
    assert judged.code == 0, judged.err


@pytest.mark.parametrize(
    "words",
    [
        ("loss.negatives=in_batch",),
        ("loss.negatives=in_batch", "loss.log_q=false", "model.similarity=cosine"),
        ("loss.uniform_share=0.5", "loss.log_q_power=0.4", "model=mf", "model.item_norm_power=0.5"),
        ("loss.user_temperature_spread=0.6", "loss.mask_seen=false"),
        ("loss.positive_in_denominator=false", "loss.denominator_power=0.9"),
        ("model.own_degree_power=0.6", "model.neighbor_degree_power=-0.1"),
        ("model.normalize_layers=true", "model.layer0_weight=0.2", "trainer.precision=bf16"),
        ("trainer.precision=bf16", "trainer.warmup_steps=3", "trainer.final_learning_rate=0"),
    ],
)
def test_every_option_trains(graphrec: Command, words: tuple[str, ...]) -> None:
    done = graphrec("train", "loss=softmax", *words)
    assert done.code == 0, done.err
    metrics = json.loads((done.run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["ndcg@5"] > 0
    assert metrics["expected"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model.item_norm_power=-1"], "model.item_norm_power must lie between 0 and 10"),
        (
            ["model.item_norm_power=0.5", "model.similarity=cosine"],
            "model.item_norm_power has no effect on model.similarity=cosine; leave it at 1",
        ),
        (["loss.temperature=0"], "loss.temperature must lie between 0.001 and 1000"),
        (
            ["loss.user_temperature_spread=0"],
            "loss.user_temperature_spread must be a finite number above 0",
        ),
        (["loss.denominator_power=0"], "loss.denominator_power must be a finite number above 0"),
        (["model.layer0_weight=1.1"], "model.layer0_weight must lie between 0 and 1"),
        (
            ["model.num_layers=0", "model.normalize_layers=true"],
            "model.normalize_layers=true has no effect: model.num_layers=0 propagates nothing",
        ),
        (["loss.num_negatives=0"], "loss.num_negatives must lie between 1 and 1000000"),
        (["loss.num_negatives=1000001"], "loss.num_negatives must lie between 1 and 1000000"),
        (["loss.uniform_share=1.5"], "loss.uniform_share must lie between 0 and 1"),
        (
            ["loss.negatives=in_batch", "loss.num_negatives=9"],
            "loss.num_negatives=9 has no effect: loss.negatives=in_batch samples no shared",
        ),
        (
            ["loss.log_q=false", "loss.log_q_power=0.5"],
            "loss.log_q_power=0.5 has no effect: loss.log_q=false corrects nothing",
        ),
        (["loss.log_q_power=1.5"], "loss.log_q_power must lie between 0 and 1"),
        (
            ["sampler=hardneg"],
            "loss=softmax draws its negatives for the whole batch, so it only uses sampler.by",
        ),
        (
            ["model=lightgcn_rating", "evaluation=rating", "trainer.monitor=rmse"],
            "set loss=mse",
        ),
        (
            ["trainer.final_learning_rate=0", "trainer.learning_rate_decay=0.9"],
            "both lower the learning rate",
        ),
        (
            ["expected.bands=[{epochs:2,metric:ndgc@5,low:0,high:1}]"],
            "expected.bands.metric must be one of",
        ),
        (["model=mf", "trainer.precision=bf16"], "model=mf propagates nothing"),
        (["model.num_layers=0", "trainer.precision=bf16"], "propagates nothing"),
    ],
)
def test_what_cannot_be_is_refused(graphrec: Command, words: list[str], message: str) -> None:
    done = graphrec("train", "loss=softmax", *words)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert message in line


def test_the_bands_of_a_recipe_are_compared(graphrec: Command) -> None:
    band = "{epochs:2,metric:ndcg@5,low:0,high:1}"
    done = graphrec("train", f"expected.bands=[{band},{band.replace('2', '9')}]")
    assert done.code == 0, done.err
    metrics = json.loads((done.run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["expected"]["inside"] is True
    value = metrics["test"]["ndcg@5"]
    assert f"test ndcg@5 {value:.4f} is inside the recipe's band 0.0000 to 1.0000" in done.out
