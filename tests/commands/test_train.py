"""``graphrec train``: what a run leaves behind, that it repeats, and what a sweep reports."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

FILES = {
    "config.json",
    "environment.json",
    "status.json",
    "train.log",
    "history.jsonl",
    "metrics.json",
    "data.npz",
    "funnel.json",
    "ranks.npz",
    "checkpoints/best.pt",
    "checkpoints/last.pt",
    "plots/curves.png",
}
METRICS = {"hit@5", "recall@5", "precision@5", "ndcg@5", "map@5", "mrr"}


def read(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def state(run: Path, name: str = "best.pt") -> dict[str, Any]:
    content = torch.load(run / "checkpoints" / name, weights_only=True)
    assert isinstance(content, dict)
    return content


def test_a_run_leaves_its_directory_and_nothing_beside_it(trained: Any) -> None:
    assert trained.code == 0
    assert [path.name for path in trained.folder.iterdir()] == ["outputs"]
    assert list((trained.folder / "outputs").iterdir()) == [trained.run]
    assert files_of(trained.run) == FILES
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_lightgcn_synthetic_uniform", trained.run.name
    )


def test_the_screen_shows_metrics_beside_the_baselines(trained: Any) -> None:
    lines = trained.out.splitlines()
    assert lines[1].split() == ["metric", "lightgcn", "popularity", "ceiling"]
    assert {line.split()[0] for line in lines[3:9]} == METRICS
    metrics = read(trained.run / "metrics.json")
    share = metrics["test"]["ndcg@5"] / metrics["baselines"]["ceiling"]["ndcg@5"]
    assert f"ndcg@5 is {share:.0%} of the best reachable" in lines[9]
    assert "\x1b" not in trained.out + trained.err
    assert "\r" not in trained.out + trained.err


def test_the_files_agree_with_each_other(trained: Any) -> None:
    config, metrics = read(trained.run / "config.json"), read(trained.run / "metrics.json")
    assert (config["schema_version"], config["seed"], config["num_threads"]) == (1, 7, 1)
    assert config["choices"]["trainer"] == "default"
    assert "${" not in (trained.run / "config.json").read_text(encoding="utf-8")
    assert read(trained.run / "status.json")["status"] == "completed"
    history = [
        json.loads(line)
        for line in (trained.run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["epoch"] for row in history] == [1, 2]
    best = max(history, key=lambda row: row["valid"]["ndcg@5"])
    assert metrics["selected_epoch"] == best["epoch"] == state(trained.run)["epoch"]
    assert metrics["valid"] == best["valid"]
    assert set(metrics["test"]) == set(metrics["baselines"]["popularity"]) == METRICS
    funnel = read(trained.run / "funnel.json")
    with np.load(trained.run / "data.npz", allow_pickle=False) as data:
        pairs = sum(len(data[f"{part}_item_index"]) for part in ("train", "valid", "test"))
    assert funnel["rows_left"] == pairs
    environment = read(trained.run / "environment.json")
    assert environment["num_threads"] == 1
    assert re.fullmatch("[0-9a-f]{64}", environment["split_hash"])


def test_the_same_seed_gives_the_same_run_and_another_another(
    trained: Any, graphrec: Callable[..., Any]
) -> None:
    again, other = graphrec("train", "seed=7"), graphrec("train", "seed=8")
    assert read(again.run / "metrics.json") == read(trained.run / "metrics.json")
    before, after = state(trained.run)["model"], state(again.run)["model"]
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert read(other.run / "metrics.json")["test"] != read(again.run / "metrics.json")["test"]
    assert other.run != again.run


@pytest.mark.parametrize("model", ["mf", "popularity"])
def test_other_models_take_the_same_path(model: str, graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", f"model={model}", "plots=false", "sampler=hardneg")
    assert done.code == 0
    assert done.run.name.endswith(f"_{model}_synthetic_hardneg")
    assert files_of(done.run) >= FILES - {
        "plots/curves.png",
        "history.jsonl",
        "checkpoints/last.pt",
    }
    metrics = read(done.run / "metrics.json")
    if model == "popularity":
        assert metrics["test"] == metrics["baselines"]["popularity"]
    assert graphrec("evaluate", str(done.run), "--json").code == 0


def test_without_a_valid_part_the_last_state_is_the_best(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", "split.valid=0", "plots=false")
    metrics = read(done.run / "metrics.json")
    assert metrics["valid"] is None
    assert metrics["counts"]["valid"] is None
    assert metrics["selected_epoch"] == 2
    best, last = state(done.run)["model"], state(done.run, "last.pt")["model"]
    assert all(torch.equal(best[name], last[name]) for name in last)
    refused = graphrec("evaluate", str(done.run), "part=valid")
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (3, "", 1)


def test_json_for_machines(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", "model=popularity", "--json")
    figures, run = done.out.splitlines()
    assert json.loads(figures) == read(done.folder / run / "metrics.json")


def test_a_sweep_goes_on_after_a_failed_run_and_ends_with_a_table(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "plots=false", "trainer.learning_rate=0.01,1e38,0.1", "-m")
    assert done.code == 5
    header, _, *rows, folder = done.out.splitlines()
    assert header.split()[:5] == ["run", "valid", "ndcg@5", "test", "ndcg@5"]
    assert sorted(row.split()[0] for row in rows) == ["0", "1", "2"]
    assert rows[2].split()[:3] == ["1", "-", "-"]
    assert "a weight became NaN or infinite" in rows[2]
    valid = [float(row.split()[1]) for row in rows[:2]]
    assert valid == sorted(valid, reverse=True)
    runs = [path.parent for path in done.folder.glob("outputs/*/status.json")]
    assert sorted(read(run / "status.json")["status"] for run in runs) == [
        "completed",
        "completed",
        "failed",
    ]
    assert (done.folder / folder).parent == done.folder / "outputs"
    assert [path.name for path in done.folder.iterdir()] == ["outputs"]


def test_a_sweep_in_json(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", "model=popularity", "-m", "seed=1,2", "--json")
    results = json.loads(done.out.splitlines()[0])
    assert [result["overrides"][-1] for result in results] == ["seed=1", "seed=2"]
    assert [result["exit_code"] for result in results] == [0, 0]


@pytest.mark.parametrize("words", [["-m", "seed=1,2"], ["seed=1,2", "-m"]])
def test_a_bad_value_in_a_sweep_stops_it_before_the_first_run(
    words: list[str], graphrec: Callable[..., Any]
) -> None:
    done = graphrec("train", *words, "trainer.epochs=2,0")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: trainer\.epochs must be [^\n]*, got 0\n", done.err)
    assert list(done.folder.iterdir()) == []


def test_a_non_finite_loss_keeps_the_best_epoch(graphrec: Callable[..., Any]) -> None:
    # Adam moves a weight by about the learning rate a step, so products overflow after some steps.
    done = graphrec(
        "train",
        "model=mf",
        "plots=false",
        "trainer.learning_rate=1e18",
        "trainer.steps_per_epoch=1",
        "trainer.epochs=60",
        "trainer.patience=null",
    )
    assert done.code == 5
    assert done.err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.err
    status = read(done.run / "status.json")
    assert status["status"] == "failed"
    assert status["error"] in done.err
    assert not (done.run / "metrics.json").exists()
    assert graphrec("evaluate", str(done.run)).code == 0


def test_more_items_asked_for_than_there_are_is_found_before_training(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "evaluation.ks=[5,1000]")
    assert done.code == 3
    assert "evaluation.ks" in done.err.splitlines()[-1]
    assert not (done.run / "history.jsonl").exists()
    assert read(done.run / "status.json")["status"] == "failed"
