"""``graphrec ablate``: each change put back alone, with an interval over the users."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from builders import TINY, Command, call
from builders import read_json as read
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphrec_cli.config.ablation import changes_between
from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import compose_run
from graphrec_cli.config.serialize import SavedConfig
from graphrec_cli.results.paired_interval import paired_interval

BASE = (*TINY, "evaluation.floor=null")


def saved(*words: str) -> SavedConfig:
    job = compose_run(sort_arguments(list(words)))
    return SavedConfig(job.config, job.choices)


def test_the_changes_between_two_configurations() -> None:
    run = saved("model.num_layers=3", "loss.temperature=0.2", "seed=7")
    other = saved("loss.temperature=0.3", "trainer.epochs=9")
    found = {change.key: (change.now, change.back) for change in changes_between(run, other)}
    assert found == {
        "model.num_layers": ("3", "2"),
        "loss.temperature": ("0.2", "0.3"),
        "trainer.epochs": ("30", "9"),
    }
    assert [change.key for change in changes_between(run, None)] == [
        "model.num_layers",
        "loss.temperature",
    ]


def test_another_component_is_one_change_with_its_values() -> None:
    run, other = saved("loss=softmax", "sampler=uniform"), saved("loss=bpr", "model.num_layers=4")
    changes = {change.key: change.words for change in changes_between(run, other)}
    assert changes["loss"] == ["loss=bpr"]
    assert changes["model.num_layers"] == ["model.num_layers=4"]


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=50).filter(lambda x: np.std(x) > 1e-6))
def test_the_interval_is_that_of_scipys_paired_t_test(values: list[float]) -> None:
    found = paired_interval(np.array(values))
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_one_user_has_no_interval() -> None:
    assert paired_interval(np.array([0.5])) == (0.5, -math.inf, math.inf)


@pytest.mark.slow
def test_each_change_is_a_run_of_its_own(full_size: Command) -> None:
    changed = ("model.num_layers=1", "trainer.learning_rate=0.05", "seed=3")
    run = full_size("train", *BASE, *changed)
    other = full_size("train", *BASE, "seed=3", "model.num_layers=3")
    done = full_size("ablate", str(run.run), f"against={other.run}", "--json")
    assert done.code == 0, done.err
    shown = json.loads(done.out)
    assert shown["value"] == pytest.approx(read(run.run / "metrics.json")["valid"]["ndcg@5"])
    assert sorted(effect["key"] for effect in shown["effects"]) == [
        "model.num_layers",
        "trainer.learning_rate",
    ]
    for effect in shown["effects"]:
        (folder,) = (done.folder / shown["sweep"]).glob(f"{effect['run']}_*")
        config = read(folder / "config.json")
        layers, rate = config["model"]["num_layers"], config["trainer"]["learning_rate"]
        back = effect["key"] == "model.num_layers"
        assert (layers, rate) == ((3, 0.05) if back else (1, 0.002))
        value = read(folder / "metrics.json")["valid"]["ndcg@5"]
        assert effect["value"] == pytest.approx(value)
        difference = effect["change"]
        assert difference["mean"] == pytest.approx(value - shown["value"])
        assert difference["low"] <= difference["mean"] <= difference["high"]
    again = full_size("ablate", str(run.run), f"against={other.run}", "part=test")
    assert again.code == 0, again.err
    assert again.out.splitlines()[-1] == shown["sweep"]
    assert "already completed" in again.err
    assert max(map(len, again.out.splitlines()[:-1])) <= 80
    test = read(run.run / "metrics.json")["test"]["ndcg@5"]
    assert again.out.splitlines()[2].split() == [f"{test:.4f}", "(nothing)"]
    refused = call(done.folder, "train", "-m", f"sweep.resume={shown['sweep']}")
    assert refused.code == 2
    assert "the same graphrec ablate resumes it" in refused.err


@pytest.mark.slow
def test_what_decides_the_figures_is_left_out(full_size: Command) -> None:
    run = full_size("train", *BASE, "trainer.valid_users=20", "model.num_layers=1")
    done = full_size("ablate", str(run.run), "--json")
    assert done.code == 0, done.err
    assert "trainer.valid_users=null (now 20) changes which users" in done.err
    keys = [effect["key"] for effect in json.loads(done.out)["effects"]]
    assert "model.num_layers" in keys
    assert not {"trainer.valid_users", "trainer.monitor"} & set(keys)


@pytest.mark.slow
def test_what_cannot_be_compared_is_refused(full_size: Command) -> None:
    run = full_size("train", *BASE, "model.num_layers=1")
    other = full_size("train", *BASE, "split.seed=9")
    for words, message in (
        ((f"against={other.run}",), "other data, another split or another metric"),
        (("against=nowhere",), "against=nowhere is no run directory"),
        (("keys=loss",), "'loss' is the same in both"),
        (("metric=ndcg@9",), "the run does not compute 'ndcg@9'"),
        (("part=train",), "part must be valid or test"),
        (("trainer.epochs=3",), "ablate cannot change 'trainer.epochs=3'"),
    ):
        done = full_size("ablate", str(run.run), *words)
        assert (done.code, done.out) == (2, "")
        assert message in done.err
    assert len(list((done.folder / "outputs").iterdir())) == 2
