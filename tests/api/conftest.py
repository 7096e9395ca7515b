"""Runs that the tests open; none of them changes one."""

from __future__ import annotations

import pytest
from builders import TINY, Finished, call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run of LightGCN with ids that are not their indices."""
    return call(tmp_path_factory.mktemp("api"), "train", *TINY, "seed=3")


@pytest.fixture(scope="session")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run that predicts ratings by dot products and biases."""
    folder = tmp_path_factory.mktemp("rated")
    rows = [f"u{u},i{i},{1 + (u * i) % 5}" for u in range(20) for i in range(15) if (u + i) % 3]
    (folder / "rated.csv").write_text("\n".join(["user_id,item_id,rating", *rows]), "utf-8")
    words = ("model=lightgcn_rating", "model.head=dot", "loss=mse", "evaluation=rating")
    own = ("dataset=table", "dataset.path=rated.csv", "trainer.monitor=rmse", "trainer.epochs=2")
    return call(folder, "train", *words, *own, "num_threads=1", "plots=false")


@pytest.fixture(scope="session")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A run of a closed form."""
    words = [word for word in TINY if word != "trainer.epochs=2"]
    return call(tmp_path_factory.mktemp("solved"), "train", "model=ease", *words)
