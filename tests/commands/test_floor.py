"""``evaluation.floor``: what a trained model has to beat on valid."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from builders import Command, read_json

from graphrec_cli.results import floor as floor_module
from graphrec_cli.results.floor import warn_if_below

FORMULAS = ("itemknn", "ease", "chebycf")


def metrics_of(done: Any) -> dict[str, Any]:
    assert done.code == 0, done.err
    metrics: dict[str, Any] = read_json(done.run / "metrics.json")
    return metrics


def test_the_values_are_those_of_runs_of_the_models(graphrec: Command) -> None:
    done = graphrec("train", "evaluation.floor=auto")
    floor = metrics_of(done)["floor"]
    own = {
        name: metrics_of(graphrec("train", f"model={name}"))["valid"]["ndcg@5"] for name in FORMULAS
    }
    assert floor["models"] == own
    assert floor["valid"] == max(own.values()) == own[floor["model"]]
    assert floor["metric"] == "ndcg@5"
    assert floor["left_out"] == {}
    value = f"has ndcg@5 {floor['valid']:.4f} on valid"
    assert re.search(rf"^{floor['model']}, solved in \d+\.\d s, {value}$", done.err, re.MULTILINE)
    below = metrics_of(done)["valid"]["ndcg@5"] <= floor["valid"]
    assert ("does not beat a formula that needs no training" in done.err) is below


@pytest.mark.parametrize(
    "words",
    [
        ("evaluation.floor=null",),
        ("split.valid=0",),
        ("model=ease",),
        ("model=popularity",),
    ],
)
def test_without_a_valid_part_or_a_training_there_is_none(
    graphrec: Command, words: tuple[str, ...]
) -> None:
    done = graphrec("train", *words)
    assert metrics_of(done)["floor"] is None
    assert "on valid" not in done.err


def test_models_that_take_long_or_fail_are_left_out_with_the_reason(
    graphrec: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"itemknn": 0, "ease": 1e9, "chebycf": 1e9}
    monkeypatch.setattr(floor_module, "_MOST_OPERATIONS", limits)
    from graphrec_cli.errors import DataError
    from graphrec_cli.models.ease import EASE

    def refuse(self: EASE) -> None:
        raise DataError("needs 3 GB, and 2 GB are free")

    monkeypatch.setattr(EASE, "solve", refuse)
    floor = metrics_of(graphrec("train", "evaluation.floor=auto"))["floor"]
    assert floor["model"] == "chebycf"
    assert floor["left_out"] == {
        "itemknn": "takes long on data of this size",
        "ease": "needs 3 GB, and 2 GB are free",
    }


@pytest.mark.parametrize(("ours", "warned"), [(0.2, True), (0.25, True), (0.26, False)])
def test_as_good_as_the_formula_is_not_good_enough(
    ours: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    floor = {"model": "ease", "metric": "mrr", "valid": 0.25}
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        warn_if_below(floor, {"mrr": ours})
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warned
    if warned:
        assert f"valid mrr {ours:.4f}, and model=ease has 0.2500" in caplog.text


def test_a_sweep_solves_once_for_all_runs_on_the_same_data(graphrec: Command) -> None:
    done = graphrec(
        "train", "evaluation.floor=auto", "model=lightgcn,mf,popularity", "split.seed=1,2", "-m"
    )
    assert done.code == 0, done.err
    results = [read_json(done.run / f"{number}.json") for number in range(6)]
    floors = {
        result["number"]: result["metrics"]["floor"]
        for result in results
        if result["metrics"]["floor"] is not None
    }
    # lightgcn comes first, with both seeds.
    assert list(floors) == [0, 1]
    assert [result["floor_of"] for result in results] == [0, 1, 0, 1, None, None]
    assert done.err.count("on valid") == 2
    for number, floor in floors.items():
        of_data = f"run {number + 1}'s data: model={floor['model']}, a formula, has valid ndcg@5"
        assert f"{of_data} {floor['valid']:.4f}" in done.out


def test_a_sweep_names_the_runs_that_are_not_better(graphrec: Command) -> None:
    done = graphrec(
        "train",
        "evaluation.floor=auto",
        "trainer.learning_rate=1e-9,0.002",
        "split.seed=1",
        "--json",
        "-m",
    )
    assert done.code == 0, done.err
    results = json.loads("\n".join(done.out.splitlines()[:-1]))
    floor = results[0]["metrics"]["floor"]
    assert results[1]["metrics"]["floor"] is None
    assert results[0]["metrics"]["valid"]["ndcg@5"] < floor["valid"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("train", "model=ease", "evaluation.floor=auto"),
            "evaluation.floor=auto has no effect: model=ease is not trained",
        ),
        (
            ("train", "split.valid=0", "evaluation.floor=auto"),
            "evaluation.floor=auto has no effect: this split=leave_one_out has no valid part",
        ),
        (("train", "evaluation.floor=ease"), "evaluation.floor"),
    ],
)
def test_a_floor_that_cannot_be_is_refused(
    graphrec: Command, words: tuple[str, ...], message: str
) -> None:
    done = graphrec(*words)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert message in line


def test_evaluate_has_no_floor(graphrec: Command) -> None:
    run = graphrec("train").run
    done = graphrec("evaluate", str(run), "evaluation.floor=null")
    assert done.code == 2
    assert done.err == (
        "error: 'evaluation.floor=null' has no effect on evaluate; train compares with closed "
        "forms\n"
    )
