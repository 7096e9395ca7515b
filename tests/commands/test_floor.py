"""``evaluation.floor``: what a trained model has to beat on valid."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from builders import Command, read_json

from graphrec_cli.results import floor as floor_module
from graphrec_cli.results.floor import warn_if_below

pytestmark = pytest.mark.slow

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
    monkeypatch.setattr(floor_module, "MOST_OPERATIONS", limits)
    from graphrec_cli.models.ease import EASE

    def refuse(self: EASE) -> None:
        raise MemoryError("cannot allocate 3 GB")

    monkeypatch.setattr(EASE, "solve", refuse)
    done = graphrec("train")
    floor = metrics_of(done)["floor"]
    assert floor["model"] == "chebycf"
    assert floor["left_out"] == {
        "itemknn": "takes long on data of this size",
        "ease": "could not be solved",
    }
    assert "warning: not compared with model=ease: cannot allocate 3 GB" in done.err
    monkeypatch.setattr(floor_module, "MOST_OPERATIONS", dict.fromkeys(limits, 0))
    done = graphrec("train")
    assert metrics_of(done)["floor"] is None
    assert "not compared with a closed form: none is solved in seconds on this data" in done.err


@pytest.mark.parametrize(("ours", "warned"), [(0.2, True), (0.25, True), (0.26, False)])
def test_as_good_as_the_formula_is_not_good_enough(
    ours: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    floor = {"model": "ease", "metric": "mrr", "valid": 0.25}
    with caplog.at_level(logging.WARNING, logger="graphrec"):
        warn_if_below(floor, {"mrr": ours}, lower_is_better=False)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warned
    if warned:
        assert f"valid mrr {ours:.4f}, and model=ease has 0.2500" in caplog.text


def test_a_sweep_solves_once_for_all_runs_on_the_same_data(graphrec: Command) -> None:
    done = graphrec("train", "model=lightgcn,mf,popularity", "split.seed=1,2", "-m")
    assert done.code == 0, done.err
    results = [read_json(done.run / f"results/{number}.json") for number in range(1, 7)]
    assert [result["floor_of"] for result in results] == [0, 1, 0, 1, None, None]
    floors = [result["metrics"]["floor"] for result in results]
    assert floors[4:] == [None, None]
    assert floors[:2] == floors[2:4]
    assert floors[0] != floors[1]
    assert done.err.count("on valid") == 2
    shown = [f"model={floor['model']} {floor['valid']:.4f}" for floor in floors[:2]]
    line = f"a formula's valid ndcg@5: {shown[0]} (runs 1, 3), {shown[1]} (runs 2, 4)"
    assert line in " ".join(done.out.split())
    config = read_json(done.folder / results[2]["run"] / "config.json")
    assert config["evaluation"]["floor"] == "auto"


def test_in_a_sweep_the_next_run_solves_if_the_first_fails(graphrec: Command) -> None:
    done = graphrec("train", "trainer.learning_rate=1e30,1e-9,1e-8", "-m")
    results = [read_json(done.run / f"results/{number}.json") for number in range(1, 4)]
    assert [result["metrics"] is None for result in results] == [True, False, False]
    assert done.err.count("on valid") == 1
    floor = results[1]["metrics"]["floor"]
    assert floor == results[2]["metrics"]["floor"]
    value = f"model={floor['model']} {floor['valid']:.4f}"
    line = f"a formula's valid ndcg@5: {value}; not better: runs 2-3"
    assert line in done.out


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
        (("train", "evaluation=rating", "evaluation.floor=auto"), "unknown key"),
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
