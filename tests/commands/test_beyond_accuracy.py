"""The figures beyond accuracy, from the command line to the files and back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import TINY_SETTINGS, Command, call, read_json

from graphrec_cli.rundir.data_npz import load_attributes, load_run_data

NAMES = ("coverage", "gini", "popularity", "popularity_percentile", "novelty")


def test_train_shows_and_writes_them(trained: Any) -> None:
    found = read_json(trained.run / "metrics.json")["beyond_accuracy"]
    for figures in (found["test"], found["baselines"]["popularity"]):
        assert set(figures["lists"]) == {f"{name}@5" for name in NAMES}
        assert set(figures["by_activity"]["gap"]) >= {"ndcg@5", "mrr"}
    lists = found["test"]["lists"]
    row = [
        f"{lists[f'{name}@5']:.{digits}f}"
        for name, digits in zip(
            ("coverage", "gini", "popularity", "novelty"), (4, 4, 1, 2), strict=True
        )
    ]
    (shown,) = [
        place for place, line in enumerate(trained.out.splitlines()) if line.startswith("top 5 ")
    ]
    lines = trained.out.splitlines()[shown:]
    assert lines[0].split() == ["top", "5", "coverage", "gini", "popularity", "novelty"]
    assert lines[2].split() == ["lightgcn", *row]
    assert lines[3].startswith("popularity ")
    assert lines[4].startswith("ndcg@5 by user activity: ")
    assert max(map(len, lines[:5])) <= 80
    assert len(lines) == 6  # and the run directory


def test_other_cut_offs_and_the_valid_part(trained: Any, graphrec: Command) -> None:
    done = graphrec("evaluate", str(trained.run), "part=valid", "evaluation.ks=[2,5]", "--json")
    found = json.loads(done.out)["beyond_accuracy"]
    assert {f"{name}@{k}" for name in NAMES for k in (2, 5)} == set(found["lists"])
    assert found["lists"]["coverage@2"] < found["lists"]["coverage@5"]
    done = graphrec("evaluate", str(trained.run), "part=valid", "evaluation.ks=[2]")
    assert "\ntop 5 " in done.out


@pytest.mark.slow
def test_reproduce_compares_them(trained: Any, graphrec: Command, tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained.run, tmp_path / "other"))
    metrics = read_json(run / "metrics.json")
    metrics["beyond_accuracy"]["test"]["lists"]["gini@5"] += 0.125
    (run / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    done = graphrec("reproduce", str(run))
    assert done.code == 4
    assert "beyond_accuracy.test.lists.gini@5" in done.out
    assert ", 1 differ;" in done.out


@pytest.mark.slow
def test_a_rating_run_has_none(tmp_path: Path) -> None:
    rows = [f"u{u},i{(u * s) % 7},{1 + s % 5}" for u in range(20) for s in range(6)]
    rows = list({row.rpartition(",")[0]: row for row in rows}.values())
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]), encoding="utf-8")
    words = ("dataset=table", "dataset.path=r.csv", "model=lightgcn_rating", "loss=mse")
    done = call(
        tmp_path,
        *("train", *words, "evaluation=rating", "trainer.epochs=1", "plots=false"),
        *("num_threads=1", "evaluation.ks=[3]"),
    )
    assert done.code == 0, done.err
    assert read_json(done.run / "metrics.json")["beyond_accuracy"] is None
    shown = call(tmp_path, "evaluate", str(done.run), "--json")
    assert json.loads(shown.out)["beyond_accuracy"] is None


@pytest.mark.slow
def test_attributes_of_a_table_give_diversity_from_the_cache_too(tmp_path: Path) -> None:
    rows = [f"u{u},i{(u * s + s) % 11}" for u in range(30) for s in range(6)]
    table = "\n".join(["user,item", *dict.fromkeys(rows)])
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    items = [f"i{n},Title {n},{'a|b' if n % 2 else 'c'}" for n in range(11)]
    (tmp_path / "items.csv").write_text("\n".join(["item,title,tags", *items]), encoding="utf-8")
    data = ("train", "dataset=table", "dataset.path=t.csv", "dataset.items_path=items.csv")
    words = (*data, "cache_dir=cache", "trainer.epochs=1", *TINY_SETTINGS)
    plain, built, cached = (
        call(tmp_path, *words, *more) for more in ((), *[("dataset.items_attributes=tags",)] * 2)
    )
    assert "loaded the prepared data from the cache" in cached.err
    figures = [
        read_json(done.run / "metrics.json")["beyond_accuracy"]["test"]["lists"]
        for done in (plain, built, cached)
    ]
    assert "diversity@5" not in figures[0]
    assert 0 < figures[1]["diversity@5"] < 1
    assert figures[1] == figures[2]
    # Attributes change nothing else, and no split.
    assert {name: v for name, v in figures[1].items() if name != "diversity@5"} == figures[0]
    hashes = {read_json(done.run / "environment.json")["split_hash"] for done in (plain, built)}
    assert len(hashes) == 1
    split, _ = load_run_data(built.run / "data.npz")
    attributes = load_attributes(built.run / "data.npz", len(split.items))
    assert attributes is not None
    assert attributes.name.tolist() == ["a", "b", "c"]
    odd = np.array([int(id[1:]) % 2 for id in split.items.text()])
    assert np.diff(attributes.indptr).tolist() == (1 + odd).tolist()
