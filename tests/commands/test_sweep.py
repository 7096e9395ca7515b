"""``graphrec train -m``: every run is trained even if others fail, and a table ends the sweep."""

from __future__ import annotations

import csv
import json
import re
import signal
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import call
from builders import read_json as read

from graphrec_cli.errors import ConfigError, GraphrecError
from graphrec_cli.rundir.directory import RunDirectory


@pytest.mark.slow
def test_a_sweep_goes_on_after_a_failed_run_and_ends_with_a_table(
    graphrec: Callable[..., Any],
) -> None:
    words = ("loss=bpr", "trainer.learning_rate=0.01,1e38,0.1", "seed=1,2", "plots=true")
    done = graphrec("train", *words, "-m")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0].split() == ["runs", "valid", "ndcg@5", "sd", "n", "values"]
    expected = {}
    for runs in ((1, 2), (5, 6)):
        of_runs = [read(done.run / f"results/{number}.json")["metrics"] for number in runs]
        values = [content["valid"]["ndcg@5"] for content in of_runs]
        figures = f"{statistics.mean(values):.4f} {statistics.stdev(values):.4f} 2"
        rate = {1: "0.01", 5: "0.1"}[runs[0]]
        expected[statistics.mean(values)] = f"{runs[0]}-{runs[1]} {figures} learning_rate={rate}"
    ranked = [expected[mean] for mean in sorted(expected, reverse=True)]
    assert [" ".join(line.split()) for line in lines[2:4]] == ranked
    assert f"selected by valid ndcg@5: runs {ranked[0].split()[0]} (" in done.out
    text = " ".join(done.out.split())
    for run, seed in ((3, 1), (4, 2)):
        failure = f"run {run} (learning_rate=1e38 seed={seed}) failed: a weight became NaN"
        assert failure.replace("1e38", "1e+38") in text
    assert max(len(line) for line in lines if "/" not in line) <= 80  # paths are not broken
    states = [read(path)["status"] for path in done.run.glob("*/status.json")]
    assert sorted(states) == ["completed"] * 4 + ["failed"] * 2
    assert (done.run / "sweep.png").stat().st_size > 5000
    rows = list(csv.DictReader((done.run / "sweep.csv").read_text("utf-8").splitlines()))
    assert [row["state"] for row in rows].count("failed") == 2
    with_test = [int(row["run"]) for row in rows if row["test ndcg@5"]]
    assert f"{with_test[0]}-{with_test[-1]}" == ranked[0].split()[0]
    assert [path.name for path in done.folder.iterdir()] == ["outputs"]


@pytest.mark.slow
def test_a_sweep_in_json_has_test_metrics_of_the_selected_runs(
    graphrec: Callable[..., Any],
) -> None:
    words = ("model=lightgcn,popularity", "-m", "seed=1,2", "--json")
    done = graphrec("train", *words)
    shown = json.loads(done.out.splitlines()[0])
    assert [run["overrides"][-1] for run in shown["runs"]] == ["seed=1", "seed=2"] * 2
    assert [run["exit_code"] for run in shown["runs"]] == [0] * 4
    (ranking,) = shown["rankings"]
    selected, other = ranking["groups"]
    assert ranking["selected"] == selected["runs"]
    assert selected["valid"]["ndcg@5"]["mean"] > other["valid"]["ndcg@5"]["mean"]
    assert other["test"] is None
    with_test = [run["number"] for run in shown["runs"] if run["test"] is not None]
    assert with_test == selected["runs"]
    again = call(done.folder, "train", "-m", "sweep.resume=latest", "sweep.test=true", "--json")
    everything = json.loads(again.out.splitlines()[0])
    assert all(run["test"] is not None for run in everything["runs"])
    assert everything["rankings"][0]["groups"][1]["test"]["ndcg@5"]["mean"] > 0


@pytest.mark.slow
def test_the_columns_that_were_asked_for(graphrec: Callable[..., Any]) -> None:
    words = ("model=lightgcn,popularity", "-m", "sweep.metrics=recall@5,mrr")
    done = graphrec("train", *words, "sweep.test=true")
    lines = done.out.splitlines()
    columns = ["runs", "valid", "recall@5", "valid", "mrr", "test", "recall@5", "values"]
    assert lines[0].split() == columns
    assert lines[4].split() == ["runs", "test", "mrr", "values"]
    (at,) = [n for n, line in enumerate(lines) if line.startswith("metric ")]
    assert [line.split()[0] for line in lines[at + 2 : at + 4]] == ["recall@5", "mrr"]


def test_a_column_that_a_run_lacks_is_refused_before_the_first_run(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "seed=1,2", "-m", "sweep.metrics=ndgc@5")
    assert (done.code, done.out) == (2, "")
    assert "does not compute 'ndgc@5'; did you mean 'ndcg@5'?" in done.err
    assert list(done.folder.iterdir()) == []


@pytest.mark.slow
def test_data_sets_are_ranked_apart_and_no_valid_part_selects_nothing(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "model=popularity", "split=leave_one_out,ratio", "seed=1,2", "-m")
    assert done.out.count("selected by valid ndcg@5: run") == 2
    assert done.out.splitlines()[0] == "split=leave_one_out"
    without = graphrec("train", "model=lightgcn,popularity", "split.valid=0", "-m")
    assert "nothing is selected" in without.out
    assert "selected by" not in without.out


@pytest.mark.parametrize("words", [["-m", "seed=1,2"], ["seed=1,2", "-m"]])
def test_a_bad_value_in_a_sweep_stops_it_before_the_first_run(
    words: list[str], graphrec: Callable[..., Any]
) -> None:
    done = graphrec("train", *words, "trainer.epochs=2,0")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: trainer\.epochs must be [^\n]*, got 0\n", done.err)
    assert list(done.folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("error", [ConfigError, ZeroDivisionError])
def test_a_run_that_has_no_folder_does_not_end_the_sweep(
    error: type[Exception], graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder, calls = RunDirectory.in_folder, []

    def fail_once(folder: Path) -> RunDirectory:
        calls.append(folder)
        if len(calls) == 2:
            raise error("no room for it")
        return in_folder(folder)

    monkeypatch.setattr(RunDirectory, "in_folder", fail_once)
    done = graphrec("train", "model=popularity", "-m", "seed=1,2,3")
    assert done.code == 1
    assert len(calls) == 3
    (line,) = [line for line in done.out.splitlines() if line.startswith("run 2 (seed=2) failed: ")]
    assert line.endswith("no room for it")
    result = read(done.run / "results/2.json")
    assert result["exit_code"] == (error.exit_code if issubclass(error, GraphrecError) else 1)
    assert len(list(done.folder.glob("outputs/*_sweep/*/metrics.json"))) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_stops_a_sweep_before_the_first_run(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "device=cpu,cuda", "-m")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: device=cuda [^\n]+\n", done.err)
    assert list(done.folder.iterdir()) == []


@pytest.mark.slow
def test_a_signal_at_the_end_of_a_run_ends_the_sweep(
    graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes while ``completed`` is written: that run is complete, no other starts."""
    write_status = RunDirectory.write_status

    def interrupted(self: RunDirectory, state: str, error: str | None = None) -> None:
        if state == "completed":
            signal.raise_signal(signal.SIGTERM)
        write_status(self, state, error)

    monkeypatch.setattr(RunDirectory, "write_status", interrupted)
    done = graphrec("train", "plots=false", "-m", "seed=1,2")
    assert done.code == 143
    (run,) = [path.parent for path in done.folder.glob("outputs/*_sweep/*/status.json")]
    assert read(run / "status.json")["status"] == "completed"
    single = graphrec("train", "plots=false")
    assert single.code == 0
    assert "ndcg@5" in single.out
