"""docs/run-directory.md names every file, array and key of a run, and no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphrec_cli.cli import main

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).resolve().parents[1] / "docs/run-directory.md").read_text("utf-8")
SMALL = ["dataset.num_users=60", "dataset.num_items=70", "dataset.mean_interactions=15"]
RATED = [
    *("dataset=table", "dataset.path=ratings.csv", "dataset.items_path=items.csv"),
    "dataset.items_attributes=tags",
]
RATING = [*RATED, "model=lightgcn_rating", "loss=mse", "evaluation=rating", "evaluation.ks=[5]"]


def section(heading: str) -> str:
    """The text below a heading, up to the next one of the same level."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def names(heading: str) -> set[str]:
    """The names in the first column of the tables of a section."""
    rows = re.findall(r"^\| (`.*?) \|", section(heading), re.M)
    return {name for row in rows for name in re.findall("`(.+?)`", row)}


def mentioned(heading: str) -> set[str]:
    """All names in a section."""
    return set(re.findall("`(.+?)`", section(heading)))


def train(folder: Path, *words: str) -> Path:
    """The directory of a run with one thread, in ``folder``."""
    with chdir(folder):
        before = set(folder.glob("outputs/*"))
        assert main(["train", "num_threads=1", *words]) == 0
        (made,) = set(folder.glob("outputs/*")) - before
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of ratings and one of titles."""
    folder = tmp_path_factory.mktemp("runs")
    rows = [
        f"u{user},i{(user * step) % 23},{1 + step % 5}" for user in range(30) for step in range(8)
    ]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *dict.fromkeys(rows)]))
    titles = [f"i{item},Title {item},even|odd" for item in range(23)]
    (folder / "items.csv").write_text("\n".join(["item,title,tags", *titles]))
    return folder


@pytest.fixture(scope="module")
def ranking_run(folder: Path) -> Path:
    """A run whose ``last-1.pt`` was written within an epoch."""
    words = ["trainer.epochs=2", "trainer.batch_size=100", "sampler.by=interaction"]
    return train(folder, *SMALL, *words, "trainer.checkpoint_minutes=1e-9")


@pytest.fixture(scope="module")
def rating_run(folder: Path) -> Path:
    """A run with ratings and titles."""
    return train(folder, *RATING, "trainer.epochs=2", "trainer.learning_rate=0.01")


def read(file: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(file.read_text("utf-8"))


def test_files(ranking_run: Path) -> None:
    left = {str(path.relative_to(ranking_run)) for path in ranking_run.rglob("*") if path.is_file()}
    assert names("Files") == left


@pytest.mark.parametrize("file", ["data.npz", "ranks.npz"])
def test_arrays(file: str, ranking_run: Path, rating_run: Path) -> None:
    found: dict[str, np.dtype[Any]] = {}
    for run in (ranking_run, rating_run):
        with np.load(run / file, allow_pickle=False) as arrays:
            found |= {name: arrays[name].dtype for name in arrays.files}
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", section(file), re.M)
    types = {name: "text" if dtype.kind == "U" else str(dtype) for name, dtype in found.items()}
    assert dict(rows) == types


def test_keys_of_the_json_files(ranking_run: Path, rating_run: Path) -> None:
    config = read(ranking_run / "config.json")
    assert set(config) <= mentioned("config.json")
    environment = read(ranking_run / "environment.json")
    assert names("environment.json") == set(environment) | {"earlier", "plugins"}
    assert set(read(ranking_run / "status.json")) <= mentioned("status.json")
    first = (ranking_run / "history.jsonl").read_text("utf-8").splitlines()[0]
    assert mentioned("history.jsonl") == set(json.loads(first))
    assert set(read(ranking_run / "funnel.json")) < mentioned("funnel.json")
    assert set(read(ranking_run / "funnel.json")["steps"][0]) < mentioned("funnel.json")
    manifest = read(ranking_run / "checkpoints/manifest.json")
    keys = {*manifest, *manifest["files"][0]}
    assert mentioned("checkpoints/manifest.json") == keys
    for run in (ranking_run, rating_run):
        metrics = read(run / "metrics.json")
        assert names("metrics.json") == set(metrics)
        counts = {re.sub(r"@\d+$", "@k", key) for key in metrics["counts"]["test"]}
        assert counts <= mentioned("metrics.json")
        beyond = metrics["beyond_accuracy"]
        assert (beyond is None) is (run == rating_run)
        if beyond is not None:
            thirds = beyond["test"]["by_activity"]
            named = {*beyond, *beyond["test"], *thirds, *thirds["head"]} - set(metrics["test"])
            assert named <= mentioned("metrics.json")


def keys_below(content: Mapping[Any, Any]) -> Iterator[str]:
    """Names in nested entries, without those of metrics, weights and the history."""
    for key, value in content.items():
        if isinstance(key, str):
            yield key
        if key in ("model", "best_state", "best_valid"):
            continue
        for entry in value if isinstance(value, list) and key != "history" else [value]:
            if isinstance(entry, Mapping):
                yield from keys_below(entry)


def test_keys_of_the_checkpoints(ranking_run: Path) -> None:
    checkpoints = ranking_run / "checkpoints"
    best = torch.load(checkpoints / "best.pt", weights_only=True)
    assert set(best) == {"epoch", "model", "configuration_sha256", "split_sha256"}
    assert set(best) <= names("checkpoints/best.pt")
    last = torch.load(checkpoints / "last.pt", weights_only=True)
    assert set(last) == names("checkpoints/last.pt")
    within = torch.load(checkpoints / "last-1.pt", weights_only=True)
    assert within["progress"] is not None
    assert set(keys_below(within)) <= mentioned("checkpoints/last.pt")
    assert set(within["progress"]) <= mentioned("checkpoints/last.pt")


MODELS = {
    "lightgcn": ["model=lightgcn"],
    "mf": ["model=mf"],
    "lightgcn_rating, linear": [*RATING],
    "lightgcn_rating, dot": [*RATING, "model.head=dot"],
    "popularity": ["model=popularity"],
    "itemknn": ["model=itemknn"],
    "ease": ["model=ease"],
    "gfcf": ["model=gfcf"],
    "chebycf": ["model=chebycf"],
}


@pytest.mark.parametrize("model", MODELS)
def test_tensors_of_every_model(model: str, folder: Path) -> None:
    words = MODELS[model] if "rating" in model else [*SMALL, *MODELS[model]]
    trained = model.startswith(("lightgcn", "mf"))
    run = train(folder, *words, *(["trainer.epochs=1"] if trained else []), "plots=false")
    state = torch.load(run / "checkpoints/best.pt", weights_only=True)["model"]
    rows = section("checkpoints/best.pt").partition("| model | tensors |\n")[2].splitlines()
    name, _, head = model.partition(", ")
    (row,) = [row for row in rows if f"`{name}`" in row and (not head or f"head={head}`" in row)]
    assert set(re.findall("`(.+?)`", row.split("|")[2])) == set(state)
