"""``graphrec train``: the files of a run, its repetition, and the report of a sweep."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import read_json as read
from numpy.typing import NDArray

from graphrec_cli.models.oracle import Oracle
from graphrec_cli.workflows import launch as supervise

FILES = {
    "config.json",
    "environment.json",
    "status.json",
    "train.log",
    "history.jsonl",
    "metrics.json",
    "data.npz",
    "audit.json",
    "funnel.json",
    "ranks.npz",
    "checkpoints/best.pt",
    "checkpoints/last.pt",
    "checkpoints/last-1.pt",
    "checkpoints/manifest.json",
    "run.lock",
    "plots/curves.png",
    "plots/test.png",
}
METRICS = {"hit@5", "recall@5", "precision@5", "ndcg@5", "map@5", "mrr"}


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


@pytest.mark.parametrize("model", ["mf", "popularity", "itemknn", "ease", "gfcf", "chebycf"])
def test_other_models_take_the_same_path(model: str, graphrec: Callable[..., Any]) -> None:
    sampler = ["sampler=hardneg"] if model == "mf" else []
    done = graphrec("train", f"model={model}", "plots=false", *sampler)
    assert done.code == 0
    assert done.run.name.endswith(f"_{model}_synthetic_{'hardneg' if sampler else 'none'}")
    assert files_of(done.run) >= FILES - {
        "plots/curves.png",
        "plots/test.png",
        "history.jsonl",
        "checkpoints/last.pt",
        "checkpoints/last-1.pt",
    }
    metrics = read(done.run / "metrics.json")
    assert metrics["baselines"].keys() == {"popularity", "ceiling"}
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


def test_a_pool_larger_than_the_catalog_is_found_before_the_model_is_built(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "sampler=hardneg", "sampler.popular_pool=1000")
    assert done.code == 2
    assert "sampler.popular_pool=1000 is larger than the catalog of" in done.err.splitlines()[-1]
    assert not (done.run / "audit.json").exists()


def test_more_items_asked_for_than_there_are_is_found_before_training(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "evaluation.ks=[5,1000]")
    assert done.code == 3
    assert "evaluation.ks" in done.err.splitlines()[-1]
    assert not (done.run / "history.jsonl").exists()
    assert read(done.run / "status.json")["status"] == "failed"


def test_a_ceiling_of_nothing_has_no_share(
    graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def worst(true_scores: NDArray[np.float32], device: torch.device) -> Oracle:
        return Oracle(-true_scores, device)

    monkeypatch.setattr("graphrec_cli.results.final_test.Oracle", worst)
    words = ["trainer.monitor=hit@1", "evaluation.ks=[1]", "dataset.group_strength=15"]
    done = graphrec("train", *words, "plots=false")
    assert done.code == 0
    assert read(done.run / "metrics.json")["baselines"]["ceiling"]["hit@1"] == 0
    assert "best reachable" not in done.out
    assert done.run.is_dir()


@pytest.mark.parametrize(
    ("words", "training", "advised"),
    [
        ("loss=bpr", "loss=bpr sampler=uniform sampler.by=interaction", True),
        ("sampler=uniform", "loss=bpr sampler=uniform sampler.by=user", True),
        (
            "sampler=hardneg trainer.min_steps_per_epoch=32",
            "sampler=hardneg sampler.by=user",
            False,
        ),
        ("loss=bpr trainer.steps_per_epoch=2", "sampler.by=interaction", False),
        ("loss=bpr trainer.batch_size=null", "sampler.by=interaction", False),
        ("sampler.by=user", "loss=softmax sampler.by=user", False),
    ],
)
def test_the_log_says_what_the_training_consists_of(
    graphrec: Callable[..., Any], words: str, training: str, advised: bool
) -> None:
    done = graphrec("train", *words.split(), "plots=false")
    assert done.code == 0
    (line,) = [line for line in done.err.splitlines() if line.startswith("training model=")]
    assert f"{training} with learning rate" in line
    advice = "advice: an epoch has only 1 step; set trainer.min_steps_per_epoch=32 or a smaller "
    assert done.err.count(advice) == done.err.count("advice: an epoch") == advised


def test_a_model_that_learned_nothing_is_warned_of(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", "trainer.learning_rate=1e-9", "evaluation.floor=null")
    assert done.code == 0
    (warning,) = [line for line in done.err.splitlines() if line.startswith("warning:")]
    assert "the model does not beat the popularity baseline in test ndcg@5" in warning
    assert f" WARNING {warning.removeprefix('warning: ')}\n" in (done.run / "train.log").read_text(
        encoding="utf-8"
    )


@pytest.mark.slow
def test_two_threads_repeat_a_run_bit_for_bit(full_size: Callable[..., Any]) -> None:
    words = ["trainer.epochs=2", "num_threads=2", "plots=false", "--json"]
    first, second = (full_size("train", *words) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert read(first.run / "config.json")["num_threads"] == 2
    assert first.out.splitlines()[0] == second.out.splitlines()[0]
    before, after = state(first.run)["model"], state(second.run)["model"]
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


OWN_TRAINER = "defaults:\n  - /schema/trainer/trainer@_here_\n\npatience: 77\n"


@pytest.fixture
def own_options(tmp_path: Path) -> Path:
    """A folder of options whose name needs every quoting rule."""
    folder = tmp_path / "My (é), dir's"
    (folder / "trainer").mkdir(parents=True)
    (folder / "trainer" / "short.yaml").write_text(OWN_TRAINER, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_own_options_lie_where_the_user_likes(
    own_options: Path, graphrec: Callable[..., Any]
) -> None:
    words = ["train", "trainer=short", "plots=false", "--config-dir", str(own_options)]
    printed = graphrec(*words, "--cfg", "job")
    assert (printed.code, printed.err) == (0, "")
    assert "patience: 77\n" in printed.out
    done = graphrec(*words)
    assert done.code == 0
    config = read(done.run / "config.json")
    assert (config["trainer"]["patience"], config["choices"]["trainer"]) == (77, "short")
    swept = graphrec(*words, "-m", "seed=1,2", "output_dir=swept")
    assert swept.code == 0
    configs = [read(path) for path in swept.folder.glob("swept/*/*/config.json")]
    assert [config["trainer"]["patience"] for config in configs] == [77, 77]


def test_own_options_may_not_have_the_name_of_a_built_in_one(
    own_options: Path, graphrec: Callable[..., Any]
) -> None:
    (own_options / "trainer" / "short.yaml").rename(own_options / "trainer" / "goodbooks.yaml")
    done = graphrec("train", "trainer=goodbooks", "--config-dir", str(own_options))
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("goodbooks.yaml has the name of a built-in option; rename it\n")


@pytest.mark.slow
def test_runs_that_start_in_the_same_second_have_directories_of_their_own(
    graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "timestamp", lambda: "2026-01-31_12-00-00")
    runs = [graphrec("train", "model=popularity", "plots=false").run for _ in range(3)]
    name = "2026-01-31_12-00-00_popularity_synthetic_none"
    assert [run.name for run in runs] == [name, f"{name}_2", f"{name}_3"]
    assert {read(run / "status.json")["status"] for run in runs} == {"completed"}
