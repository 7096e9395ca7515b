"""Rating regression by the command: training, evaluation, repetition and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow

RATING = ("model=lightgcn_rating", "loss=mse", "evaluation=rating")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """MovieLens latest's layout, ratings that are the sum of a user bias and an item bias."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "ml-latest-small"
    folder.mkdir(parents=True)
    users, items = np.nonzero(rng.random((40, 30)) < 0.4)
    truth = 3 + rng.normal(0, 0.7, 40)[users] + rng.normal(0, 0.7, 30)[items]
    stars = np.clip(np.round(2 * truth) / 2, 0.5, 5)
    rows = [
        f"{user + 1},{item + 1},{star},{1_000_000_000 + row}"
        for row, (user, item, star) in enumerate(zip(users, items, stars, strict=True))
    ]
    text = "\n".join(["userId,movieId,rating,timestamp", *rows]) + "\n"
    (folder / "ratings.csv").write_text(text, encoding="utf-8")
    return folder.parent


@pytest.fixture
def train(full_size: Callable[..., Any], data_dir: Path) -> Callable[..., Any]:
    """``train(words...)`` on that data."""

    def command(*words: str) -> Any:
        return full_size(
            "train",
            "dataset=movielens_latest",
            "split=ratio_80_10_10",
            f"data_dir={data_dir}",
            "trainer.batch_size=null",
            "trainer.epochs=3",
            "trainer.steps_per_epoch=40",
            "trainer.learning_rate=0.02",
            "num_threads=1",
            *words,
        )

    return command


@pytest.mark.parametrize("head", ["linear", "dot"])
def test_a_run_beats_the_mean_and_evaluate_repeats_it(
    train: Callable[..., Any], full_size: Callable[..., Any], head: str
) -> None:
    done = train(*RATING, f"model.head={head}")
    assert done.code == 0, done.err
    metrics = json.loads((done.run / "metrics.json").read_text("utf-8"))
    assert metrics["monitor"] == "rmse"
    assert set(metrics["baselines"]) == {"mean", "bias"}
    assert metrics["test"]["rmse"] < metrics["baselines"]["mean"]["rmse"]
    assert {name.split("@")[0] for name in metrics["test"]} <= set(metrics["definitions"]) | {
        "precision",
        "recall",
    }
    # The selected epoch has the lowest error of all.
    history = (done.run / "history.jsonl").read_text("utf-8").splitlines()
    errors = [json.loads(line)["valid"]["rmse"] for line in history]
    assert metrics["selected_epoch"] == 1 + errors.index(min(errors))
    assert metrics["valid"]["rmse"] == min(errors)

    with np.load(done.run / "ranks.npz", allow_pickle=False) as arrays:
        error = arrays["prediction"].astype(np.float64) - arrays["rating"]
    assert metrics["test"]["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-12)
    assert metrics["counts"]["test"]["pairs_evaluated"] == len(error)

    for part in ("test", "valid"):
        again = full_size("evaluate", str(done.run), f"part={part}", "--json")
        assert again.code == 0, again.err
        assert json.loads(again.out)[part] == metrics[part]


def test_a_regression_can_be_judged_as_a_ranking(train: Callable[..., Any]) -> None:
    done = train("model=lightgcn_rating", "loss=mse", "evaluation.ks=[5]", "trainer.monitor=mrr")
    assert done.code == 0, done.err
    metrics = json.loads((done.run / "metrics.json").read_text("utf-8"))
    assert "ndcg@5" in metrics["test"]
    assert set(metrics["baselines"]) == {"popularity"}


def test_pictures_of_the_data_show_no_negatives_that_are_never_drawn(
    full_size: Callable[..., Any], data_dir: Path, tmp_path: Path
) -> None:
    words = ("dataset=movielens_latest", "split=ratio_80_10_10", f"data_dir={data_dir}", *RATING)
    done = full_size("data", "inspect", *words, "plot_dir=pictures")
    assert done.code == 0, done.err
    drawn = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert drawn == ["adjacency.png", "degrees.png"]


def test_weights_that_overflow_end_the_run(train: Callable[..., Any]) -> None:
    done = train(*RATING, "trainer.learning_rate=1e30")
    assert done.code == 5
    assert "lower trainer.learning_rate" in done.err
    assert "Traceback" not in done.err


def test_a_sweep_puts_the_lowest_error_first(train: Callable[..., Any]) -> None:
    done = train(*RATING, "trainer.learning_rate=1e-6,0.02", "-m")
    assert done.code == 0, done.err
    header, _, first, second = done.out.splitlines()[:4]
    assert "valid rmse" in header
    assert "0.02" in first
    assert "1e-06" in second or "1e-6" in second


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("model=lightgcn_rating",), "set loss=mse"),
        (("loss=mse",), "set loss=bpr"),
        (("evaluation=rating",), "model=lightgcn does not predict them"),
        (("model=popularity", "evaluation=rating"), "model=popularity does not predict them"),
        ((*RATING, "sampler=hardneg"), "only uses sampler.by"),
        ((*RATING, "sampler.exclude_seen=false"), "only uses sampler.by"),
        ((*RATING, "trainer.monitor=ndcg@10"), "trainer.monitor must be one of rmse, mae"),
        ((*RATING, "evaluation.threshold=nan"), "evaluation.threshold"),
        ((*RATING, "evaluation.mask_valid=false"), "mask_valid"),
        ((*RATING, "model.head=square"), "model.head"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    graphrec: Callable[..., Any], words: tuple[str, ...], message: str
) -> None:
    done = graphrec("train", "trainer.monitor=null", *words)
    assert done.code == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_data_without_ratings_are_refused(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", *RATING, "trainer.monitor=null")
    assert done.code == 3
    assert "rating regression needs a rating for every pair" in done.err
