"""The experiments: their published values, and the notebooks' first figures on real data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from builders import REAL_DATA, needs_real

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.config.compose import Job, compose_run
from graphrec_cli.config.serialize import SavedConfig, config_to_dict, to_plain
from graphrec_cli.rundir.config_fingerprint import FREE_IN_RECIPE, config_sha256

pytestmark = pytest.mark.slow

EXPERIMENTS = Path(__file__).parents[2] / "conf" / "experiment"

# The values of the notebooks or the paper that differ from the defaults.
GOWALLA_SOFTMAX = {
    "dataset.folder": "gowalla",
    "dataset.train": "train.txt",
    "split.name": "predefined",
    "model.num_layers": 1,
    "model.similarity": "dot",
    "model.item_norm_power": 1.0,
    "sampler.by": "interaction",
    "loss.name": "softmax",
    "loss.temperature": 0.109,
    "loss.negatives": "shared",
    "loss.num_negatives": 2048,
    "loss.uniform_share": 0.0,
    "loss.log_q": False,
    "loss.mask_seen": True,
    "loss.positive_in_denominator": False,
    "loss.user_temperature_spread": 0.6,
    "trainer.batch_size": 2048,
    "trainer.learning_rate": 1e-3,
    "trainer.final_learning_rate": 0.0,
}
VALUES: dict[str, dict[str, Any]] = {
    "bookcrossing_explicit": {
        "dataset.rating_threshold": 1.0,
        "split.name": "leave_one_out",
        "split.by": "rating",
        "split.valid": 0,
        "split.min_interactions": 1,
        "model.embedding_dim": 64,
        "model.num_layers": 3,
        "model.init": "xavier_per_table",
        "sampler.by": "interaction",
        "sampler.exclude_seen": True,
        "loss.l2": 0.0,
        "loss.l2_final": 1e-4,
        "trainer.epochs": 17,
        "trainer.steps_per_epoch": None,
        "trainer.batch_size": 2048,
        "trainer.learning_rate": 1e-3,
    },
    "bookcrossing_implicit": {
        "dataset.rating_threshold": 7.0,
        "split.valid": 0,
        "model.init": "xavier_per_table",
        "loss.l2_final": 1e-4,
        "trainer.epochs": 100,
        "trainer.batch_size": 4096,
        "trainer.learning_rate": 1e-3,
    },
    "goodbooks_uniform": {
        "dataset.rating_threshold": 4.0,
        "sampler.name": "uniform",
        "sampler.by": "user",
        "trainer.epochs": 20,
        "trainer.steps_per_epoch": 300,
        "trainer.batch_size": 4096,
        "trainer.learning_rate": 0.002,
        "trainer.weight_decay": 1e-6,
        "trainer.valid_users": 5000,
        "evaluation.mask_valid": False,
    },
    "goodbooks_hardneg": {
        "sampler.name": "hardneg",
        "sampler.popular_probability": 0.7,
        "sampler.popular_pool": 2000,
        "trainer.epochs": 20,
        "evaluation.mask_valid": False,
    },
    "gowalla_lightgcn": {
        "dataset.folder": "gowalla",
        "split.name": "predefined",
        "model.embedding_dim": 64,
        "model.num_layers": 3,
        "model.init": "normal",
        "model.init_std": 0.1,
        "sampler.by": "user",
        "loss.name": "bpr",
        "loss.l2": 1e-4,
        "trainer.epochs": 1000,
        "trainer.steps_per_epoch": None,
        "trainer.batch_size": 2048,
        "trainer.learning_rate": 1e-3,
    },
    "gowalla_fast": {
        **GOWALLA_SOFTMAX,
        "trainer.epochs": 20,
        "trainer.final_learning_rate": 5e-4,
    },
    "gowalla_best": {**GOWALLA_SOFTMAX, "trainer.epochs": 40},
    "gowalla_chebycf": {
        "dataset.folder": "gowalla",
        "split.name": "predefined",
        "model.name": "chebycf",
        "model.order": 8,
        "model.flatness": 1.5,
        "model.singular_vectors": 512,
        "model.alpha": 0.2,
        "model.degree_power": 0.4,
    },
    "movielens_1m_softmax": {
        "dataset.name": "movielens_1m",
        "split.name": "ratio",
        "split.test_ratio": 0.25,
        "split.valid_ratio": 0.0,
        "model.name": "lightgcn",
        "loss.name": "softmax",
        "evaluation.map_denominator": "held_out",
    },
    "movielens_100k": {
        "dataset.fold": "ua",
        "dataset.rating_threshold": None,
        "split.name": "predefined",
        "model.embedding_dim": 64,
        "model.num_layers": 3,
        "model.init": "normal",
        "model.init_std": 0.01,
        "sampler.by": "interaction",
        "sampler.exclude_seen": False,
        "loss.l2_all": 1e-6,
        "trainer.epochs": 1000,
        "trainer.batch_size": None,
        "trainer.learning_rate": 1e-3,
        "trainer.weight_decay": 0.0,
    },
    "movielens_1m": {
        "dataset.rating_threshold": None,
        "split.name": "ratio",
        "split.scope": "user",
        "split.test_ratio": 0.25,
        "split.valid_ratio": 0.0,
        "model.embedding_dim": 64,
        "model.num_layers": 10,
        "sampler.by": "distinct_user",
        "sampler.exclude_seen": True,
        "loss.l2": 1e-4,
        "trainer.epochs": 1,
        "trainer.steps_per_epoch": 733,
        "trainer.batch_size": 1024,
        "trainer.adam": "keras",
        "trainer.learning_rate": 1e-2,
        "evaluation.map_denominator": "held_out",
    },
    "movielens_small_rating": {
        "dataset.rating_threshold": 1.0,
        "split.name": "ratio",
        "split.scope": "all",
        "split.test_ratio": 0.1,
        "split.valid_ratio": 0.1,
        "model.embedding_dim": 64,
        "model.num_layers": 1,
        "model.init": "normal",
        "model.init_std": 0.1,
        "model.head": "linear",
        "loss.name": "mse",
        "trainer.epochs": 50,
        "trainer.steps_per_epoch": 200,
        "trainer.batch_size": None,
        "trainer.learning_rate": 1e-3,
        "trainer.learning_rate_decay": 0.95,
        "trainer.weight_decay": 0.01,
        "evaluation.threshold": 3.5,
    },
}


def composed(experiment: str) -> Job:
    return compose_run(sort_arguments([f"experiment={experiment}"]))


@pytest.mark.parametrize(
    ("experiment", "others"),
    [
        ("gowalla_fast", [["trainer.learning_rate=0.5"], ["loss=bpr", "loss.l2=0.5"]]),
        ("gowalla_best", [["trainer.learning_rate=0.5"], ["loss.user_temperature_spread=null"]]),
        ("gowalla_lightgcn", [["trainer.learning_rate=0.5"], ["loss=bpr", "loss.l2=0.5"]]),
        ("gowalla_chebycf", [["model.order=3"], ["model.alpha=0.1"]]),
    ],
)
def test_expected_figures_are_those_of_the_recipes_own_values(
    experiment: str, others: list[list[str]]
) -> None:
    def digest(*words: str) -> str:
        job = compose_run(sort_arguments([f"experiment={experiment}", *words]))
        content = config_to_dict(SavedConfig(job.config, job.choices))
        return config_sha256(content, but=FREE_IN_RECIPE)

    assert digest() == composed(experiment).config.expected.values_sha256
    epochs = [] if experiment == "gowalla_chebycf" else ["trainer.epochs=3"]
    assert digest("seed=5", *epochs, "num_threads=1", "evaluation.ks=[20]") == digest()
    for words in others:
        assert digest(*words) != digest()


def test_every_experiment_is_held_to_its_notebook() -> None:
    assert sorted(VALUES) == sorted(path.stem for path in EXPERIMENTS.glob("*.yaml"))


@pytest.mark.parametrize("experiment", VALUES)
def test_an_experiment_has_the_values_of_its_notebook(
    experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = to_plain(composed(experiment).config)
    for key, value in VALUES[experiment].items():
        group, name = key.split(".")
        assert config[group][name] == value, key


def losses(run: Path) -> list[float]:
    lines = (run / "history.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["loss"] for line in lines]


@needs_real("ml-100k")
def test_movielens_100k_begins_as_the_notebook_does(full_size: Any) -> None:
    done = full_size(
        "train",
        "experiment=movielens_100k",
        "trainer.epochs=10",
        f"data_dir={REAL_DATA}",
        "num_threads=1",
    )
    assert done.code == 0, done.err
    # The notebook prints 0.6932 after its first epoch and 0.6920 after its tenth.
    assert losses(done.run)[0] == pytest.approx(0.6932, abs=0.0001)
    assert losses(done.run)[9] == pytest.approx(0.6920, abs=0.0003)
    counts = json.loads((done.run / "metrics.json").read_text("utf-8"))["counts"]["test"]
    assert counts["users_evaluated"] == 943
    assert counts["catalog_size"] == 1680
    assert counts["cold_pairs"] == 2


@needs_real("ml-latest-small")
def test_the_rating_notebook_has_its_counts_and_beats_the_mean(full_size: Any) -> None:
    done = full_size(
        "train",
        "experiment=movielens_small_rating",
        "trainer.epochs=2",
        "trainer.learning_rate=0.02",
        f"data_dir={REAL_DATA}",
        "num_threads=1",
    )
    assert done.code == 0, done.err
    notes = json.loads((done.run / "funnel.json").read_text("utf-8"))["notes"]
    parts = [notes[f"pairs_{part}"] for part in ("train", "valid", "test")]
    assert parts == [79_572, 9_947, 9_947]
    metrics = json.loads((done.run / "metrics.json").read_text("utf-8"))
    assert metrics["test"]["rmse"] < metrics["baselines"]["mean"]["rmse"]


def test_the_filters_of_book_crossing_are_the_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    once = {"mode": "one_pass", "min_user_interactions": 5, "min_item_interactions": 5}
    explicit, implicit = (
        to_plain(composed(f"bookcrossing_{name}").config)["dataset"]
        for name in ("explicit", "implicit")
    )
    assert explicit["k_core"] == implicit["k_core"] == once
    assert explicit["prefilter"]["rating_threshold"] is None
    assert implicit["prefilter"] == {"rating_threshold": 1.0, "k_core": once}
