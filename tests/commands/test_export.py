"""``graphrec export``: other programs score as ``recommend`` does."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import Command, Finished, call, read_json
from safetensors.numpy import load_file

from graphrec_cli import load_run
from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.workflows import export as workflow
from graphrec_cli.workflows import vector_index

Lists = dict[str, list[dict[str, Any]]]
CHANGES = ("model.similarity=dot", "model.similarity=cosine", "model.item_norm_power=0.4")
DRIVER = """
import contextlib, io, json, runpy, sys
script, k, users = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
found = {}
for user in users:
    sys.argv = [script, user, k]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(script, run_name="__main__")
    found[user] = json.loads(out.getvalue())
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
ours = [file.partition("site-packages/")[2].split("/")[0] for file in files]
print(json.dumps([found, sorted({*ours} - {"", "_distutils_hack"})]))
"""


def test_the_script_says_how_it_is_called(trained: Finished, tmp_path: Path) -> None:
    export(trained, tmp_path / "out")
    for words in ([], ["3", "x"], ["3", "-1"], ["3", "1", "2"]):
        command = [sys.executable, str(tmp_path / "out" / "score.py"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "python score.py USER_ID [K]" in done.stderr
        assert "Traceback" not in done.stderr


def export(finished: Finished, out: Path, *words: str) -> Finished:
    done = call(finished.folder, "export", str(finished.run), f"out={out}", *words)
    assert done.code == 0, done.err
    return done


def lists(finished: Finished, *words: str) -> Lists:
    done = call(finished.folder, "recommend", str(finished.run), "--json", *words)
    assert done.code == 0, done.err
    return {each["user_id"]: each["items"] for each in json.loads(done.out)}


def lists_of_script(folder: Path, users: list[str], k: int) -> Lists:
    """What score.py prints for each user, in a process that imports nothing but numpy."""
    words = [str(folder / "score.py"), str(k), json.dumps(users)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", DRIVER, *words], capture_output=True, text=True, check=True
    )
    found, installed = json.loads(done.stdout)
    assert installed == ["numpy"]
    return dict(found)


def assert_same(ours: Lists, theirs: Lists) -> None:
    """The same items in the same order, but where scores are equal up to rounding."""
    assert list(ours) == list(theirs)
    for user, items in theirs.items():
        score = [item["score"] for item in items]
        np.testing.assert_allclose([item["score"] for item in ours[user]], score, atol=1e-6)
        for ours_there, theirs_there in zip(ours[user], items, strict=True):
            if ours_there["item_id"] != theirs_there["item_id"]:
                near = [item for item in items if item["item_id"] == ours_there["item_id"]]
                assert near == []  # at the cut-off
                assert ours_there["score"] == pytest.approx(theirs_there["score"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_the_script_gives_what_recommend_gives(
    trained: Finished, tmp_path: Path, change: str
) -> None:
    export(trained, tmp_path / "out", change)
    theirs = lists(trained, "k=7", change)
    assert len(theirs) > 50
    assert_same(lists_of_script(tmp_path / "out", list(theirs), 7), theirs)


@pytest.mark.slow
def test_the_script_is_called_by_name(trained: Finished, tmp_path: Path) -> None:
    export(trained, tmp_path / "out")
    script = [sys.executable, "-I", str(tmp_path / "out" / "score.py")]
    user = str(load_run(trained.run).user_ids[0])
    done = subprocess.run([*script, user], capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout)) == 10
    done = subprocess.run([*script, "nobody"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "user 'nobody' is unknown, or has no train pair"


@pytest.mark.slow
def test_the_biases_of_a_rating_run_are_exported(tmp_path: Path) -> None:
    rows = [f"u{u},i{i},{1 + (u * i) % 5}" for u in range(20) for i in range(15) if (u + i) % 3]
    (tmp_path / "rated.csv").write_text("\n".join(["user_id,item_id,rating", *rows]), "utf-8")
    words = ("model=lightgcn_rating", "model.head=dot", "loss=mse", "evaluation=rating")
    own = ("dataset=table", "dataset.path=rated.csv", "trainer.monitor=rmse", "trainer.epochs=2")
    rated = call(tmp_path, "train", *words, *own, "num_threads=1", "plots=false")
    export(rated, tmp_path / "out")
    theirs = lists(rated, "k=3")
    ours = lists_of_script(tmp_path / "out", list(theirs), 3)
    for user, items in theirs.items():
        score = [item["score"] for item in items]
        np.testing.assert_allclose([item["score"] for item in ours[user]], score, atol=1e-5)
    described = read_json(tmp_path / "out" / "scoring.json")["vectors"]
    assert "biases and the mean rating" in described
    linear = ("model=lightgcn_rating", "loss=mse", "evaluation=rating")
    other = call(tmp_path, "train", *linear, *own, "num_threads=1", "plots=false")
    done = call(tmp_path, "export", str(other.run), "out=linear")
    assert (done.code, "model.head=linear has no vectors" in done.err) == (2, True)


def test_the_files_hold_the_run(trained: Finished, tmp_path: Path) -> None:
    done = export(trained, tmp_path / "out")
    run, out = load_run(trained.run), tmp_path / "out"
    vectors, pairs = (load_file(out / f"{name}.safetensors") for name in ("vectors", "pairs"))
    np.testing.assert_array_equal(vectors["user"], run.user_embeddings())
    np.testing.assert_array_equal(vectors["item"], run.item_embeddings())
    ids = read_json(out / "ids.json")
    assert ids == {"user_id": run.user_ids.tolist(), "item_id": run.item_ids.tolist()}
    for user, user_id in enumerate(ids["user_id"]):
        for kind, parts in {"train": ["train"], "seen": ["train", "valid", "test"]}.items():
            frames = [getattr(run, part) for part in parts]
            has = {i for frame in frames for i in frame["item_id"][frame["user_id"] == user_id]}
            row = slice(*pairs[f"{kind}_indptr"][user : user + 2])
            items = [ids["item_id"][item] for item in pairs[f"{kind}_item_index"][row]]
            assert set(items) == has
            assert len(items) == len(has)
    scoring = read_json(out / "scoring.json")
    digest = hashlib.sha256((trained.run / "checkpoints" / "best.pt").read_bytes()).hexdigest()
    assert scoring["source"]["best_pt_sha256"] == digest
    environment = read_json(trained.run / "environment.json")
    assert scoring["source"]["split_sha256"] == environment["split_hash"]
    assert scoring["source"]["run"] == trained.run.name
    assert str(trained.folder) not in json.dumps(scoring)
    assert scoring["indexes"] == []
    assert {path.name for path in out.iterdir()} == {
        *("vectors.safetensors", "pairs.safetensors", "ids.json", "scoring.json", "score.py")
    }
    assert max(map(len, done.out.splitlines())) <= 80
    assert f"{len(run.user_ids)} users and {len(run.item_ids)} items, 64 values each" in done.out


def test_json_is_the_content_of_scoring(trained: Finished, tmp_path: Path) -> None:
    done = export(trained, tmp_path / "out", "--json")
    printed = json.loads(done.out)
    assert printed.pop("out") == str(tmp_path / "out")
    assert printed == read_json(tmp_path / "out" / "scoring.json")


def test_titles_and_odd_ids_come_along(trained: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained.run, tmp_path / "odd"))
    with np.load(folder / "data.npz") as file:
        arrays = dict(file)
    size = len(arrays["item_id"])
    odd = ["\x1b[31m", "</script>", '"', "line\nbreak", "雪国"]
    arrays["item_id"] = np.array(sorted([*odd, *(f"{i:03}" for i in range(size - len(odd)))]))
    arrays["title"] = np.array(["", *odd, *["plain"] * (size - 1 - len(odd))])
    save_arrays(folder / "data.npz", arrays)
    done = call(tmp_path, "export", "odd", "out=out")
    assert done.code == 0, done.err
    ids = read_json(tmp_path / "out" / "ids.json")
    assert ids["item_id"] == arrays["item_id"].tolist()
    assert ids["title"] == arrays["title"].tolist()
    assert "\x1b" not in done.out


@pytest.mark.slow
def test_indexes_find_what_an_exact_search_finds(
    trained: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faiss = pytest.importorskip("faiss", reason="the extra 'export' is not installed")
    pytest.importorskip("usearch", reason="the extra 'export' is not installed")
    from usearch.index import Index

    monkeypatch.setattr(workflow, "MOST_QUERIES", 17)
    done = export(trained, tmp_path / "out", "index=both", "index_m=8", "index_ef=64")
    out = tmp_path / "out"
    vectors, pairs = (load_file(out / f"{name}.safetensors") for name in ("vectors", "pairs"))
    degree = np.bincount(pairs["train_item_index"], minlength=len(vectors["item"]))
    scores = vectors["user"] @ vectors["item"].T
    scores[:, degree == 0] = -np.inf
    best = np.argsort(-scores, axis=1)[:, :10]
    queries = np.pad(vectors["user"], ((0, 0), (0, 1)))
    products, keys = faiss.read_index(str(out / "items.faiss")).search(queries, 10)
    np.testing.assert_allclose(products, np.take_along_axis(scores, keys, axis=1), atol=1e-6)
    matches = Index.restore(str(out / "items.usearch")).search(queries, 10)
    found = {"items.usearch": matches.keys, "items.faiss": keys}
    recorded = {each["file"]: each for each in read_json(out / "scoring.json")["indexes"]}
    assert set(recorded) == set(found)
    for file, keys in found.items():
        hits = np.mean([len(set(a) & set(b)) for a, b in zip(keys.tolist(), best, strict=True)])
        assert hits / 10 > 0.95
        entry = recorded[file]
        assert (entry["index_m"], entry["index_ef"], entry["queries"]) == (8, 64, 17)
        assert entry["recall"]["recall@10"] > 0.9
        assert entry["items"] == np.count_nonzero(degree)
        assert f"{file:13}" in done.out


@pytest.mark.parametrize("model", ["popularity", "itemknn", "ease", "gfcf", "chebycf"])
def test_models_without_vectors_are_refused(graphrec: Command, model: str) -> None:
    run = graphrec("train", f"model={model}")
    done = graphrec("export", str(run.run), "out=out")
    assert done.code == 2
    assert f"model={model} has no vectors" in done.err
    assert not (done.folder / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "export needs out=DIR"),
        (["out="], "export needs out=DIR"),
        (["out=full"], "not empty"),
        (["out=there", "index=hnsw"], "index must be usearch, faiss or both"),
        (["out=there", "index_m=8"], "index_m has no effect without index"),
        (["out=there", "index=faiss", "index_m=1"], "whole number from 2 to 256, got '1'"),
        (["out=there", "index=faiss", "index_ef=1e3"], "whole number from 1 to 10,000, got '1e3'"),
        (["out=there", "seed=1"], "export cannot change 'seed=1'"),
    ],
)
def test_wrong_words_are_refused(
    trained: Finished, tmp_path: Path, words: list[str], message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    done = call(tmp_path, "export", str(trained.run), *words)
    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "there").exists()


def test_a_missing_library_is_named_before_the_run_is_read(
    trained: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "is_installed", lambda kind: False)
    done = call(tmp_path, "export", str(trained.run), "out=out", "index=faiss")
    assert done.code == 2
    assert "package faiss-cpu; install it with pip install 'graphrec-cli[export]'" in done.err
    assert not (tmp_path / "out").exists()


def test_vectors_that_are_not_finite_are_refused(trained: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained.run, tmp_path / "broken"))
    best = folder / "checkpoints" / "best.pt"
    content = torch.load(best, weights_only=True)
    content["model"]["layer0_embeddings"][3, 0] = float("nan")
    torch.save(content, best)
    done = call(tmp_path, "export", "broken", "out=out")
    assert (done.code, done.out) == (5, "")
    assert "NaN or infinite" in done.err
    assert not (tmp_path / "out").exists()
