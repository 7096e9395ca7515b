"""``graphrec explain`` splits the score that ``recommend`` shows."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import Command, Finished, call

from graphrec_cli.config.serialize import read_config
from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.workflows.saved_run import SavedRun, load_run


@pytest.fixture
def run(trained: Finished, tmp_path: Path) -> Path:
    """A copy of the trained run with titles, some of them hostile."""
    folder = Path(shutil.copytree(trained.run, tmp_path / "runs" / "mine"))
    with np.load(folder / "data.npz") as file:
        arrays = dict(file)
    titles = ["Plain", "$a_b$ costs $5", "red \x1b[31m\r\nline", "雪国", "", "Comma, The " * 12]
    arrays["title"] = np.array((titles * len(arrays["item_id"]))[: len(arrays["item_id"])])
    save_arrays(folder / "data.npz", arrays)
    return folder


def load(run: Path) -> SavedRun:
    directory = RunDirectory(run)
    content = read_config(directory.config)
    saved = load_run(directory, content, content.config)
    saved.model.prepare_scoring()
    return saved


def total(content: dict[str, Any]) -> float:
    """The sum of all terms."""
    shown = sum(each["contribution"] for each in content["contributions"])
    return float(sum(content["fixed"].values()) + shown + content["rest"]["contribution"])


def test_the_terms_of_what_recommend_shows_sum_to_its_score(run: Path, graphrec: Command) -> None:
    saved = load(run)
    user = saved.split.users.text()[5]
    degree = int(saved.split.train.user_degree[5])
    (listed,) = json.loads(graphrec("recommend", str(run), f"users={user}", "k=4", "--json").out)
    for place, item in enumerate(listed["items"], start=1):
        words = (f"user={user}", f"item={item['item_id']}", "k=2", "--json")
        done = graphrec("explain", str(run), *words)
        assert (done.code, done.err) == (0, "")
        content = json.loads(done.out)
        assert content["score"] == pytest.approx(item["score"], abs=1e-6)
        assert total(content) == pytest.approx(item["score"], abs=1e-5)
        assert (content["rank"], content["part"]) == (place, None)
        assert content["title"] == item["title"]
        assert content["rest"]["items"] == degree - 2
        values = [abs(each["contribution"]) for each in content["contributions"]]
        assert values == sorted(values, reverse=True)


def test_the_score_without_an_edge_is_that_of_a_run_without_it(
    run: Path, graphrec: Command
) -> None:
    saved = load(run)
    train = saved.split.train
    user_id, item_id = saved.split.users.text()[3], saved.split.items.text()[8]
    words = (f"user={user_id}", f"item={item_id}", "k=3", "--json")
    content = json.loads(graphrec("explain", str(run), *words).out)
    for each in content["contributions"]:
        removed = saved.split.items.text().tolist().index(each["item_id"])
        start, stop = train.indptr[3:5]
        place = start + train.item_index[start:stop].tolist().index(removed)
        with np.load(run / "data.npz") as file:
            arrays = dict(file)
        arrays["train_item_index"] = np.delete(arrays["train_item_index"], place)
        arrays["train_indptr"][4:] -= 1
        other = Path(shutil.copytree(run, run.parent / f"without_{each['item_id']}"))
        save_arrays(other / "data.npz", arrays)
        score = float(load(other).model.score_users(torch.tensor([3]))[0, 8])
        assert content["score"] + each["change_without"] == pytest.approx(score, abs=1e-6)


def test_paths_and_parts(run: Path, graphrec: Command) -> None:
    saved = load(run)
    train = saved.split.train
    user_id, item = saved.split.users.text()[2], int(train.item_index[train.indptr[2]])
    words = (f"user={user_id}", f"item={saved.split.items.text()[item]}")
    content = json.loads(
        graphrec("explain", str(run), *words, "paths=true", "graph=false", "--json").out
    )
    assert content["part"] == "train"
    for each in content["contributions"]:
        assert "change_without" not in each
        paths = each["paths"]
        users = [user["contribution"] for user in paths["users"]]
        whole = paths["own"] + sum(users) + paths["rest"]["contribution"]
        assert whole == pytest.approx(each["contribution"], abs=1e-9)
        index = saved.split.items.text().tolist().index(each["item_id"])
        assert len(users) + paths["rest"]["users"] == train.item_degree[index]
    (held_out,) = saved.split.test.item_index[saved.split.test.indptr[2] :][:1]
    words = (f"user={user_id}", f"item={saved.split.items.text()[held_out]}")
    text = graphrec("explain", str(run), *words).out
    assert "; it is held out for test" in text


def test_the_text_is_narrow_and_safe(run: Path, graphrec: Command) -> None:
    item = load(run).split.items.text()[2]
    user = load(run).split.users.text()[1]
    done = graphrec("explain", str(run), f"user={user}", f"item={item}", "paths=true")
    lines = done.out.splitlines()
    assert done.code == 0
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert "adds" in done.out
    assert "more train item" in done.out or "the user's own embedding" in done.out
    assert any(line.endswith("score of lightgcn") for line in lines)


@pytest.mark.slow
def test_files(run: Path, tmp_path: Path, graphrec: Command) -> None:
    saved = load(run)
    words = (f"user={saved.split.users.text()[1]}", f"item={saved.split.items.text()[1]}")
    for name in ("a.csv", "a.json", "a.png"):
        done = graphrec("explain", str(run), *words, f"out={name}")
        assert (done.code, done.out, done.err) == (0, "", f"wrote {name}\n")
    content = json.loads((tmp_path / "a.json").read_text("utf-8"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_bytes().decode())))
    added = sum(float(row["contribution"]) for row in rows)
    assert added == pytest.approx(content["score"], abs=1e-5)
    assert [row["item_id"] for row in rows if row["term"] == "item"] == [
        each["item_id"] for each in content["contributions"]
    ]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "explain needs user=ID"),
        (["user=1"], "explain needs item=ID"),
        (["user=", "item=1"], "explain needs user=ID"),
        (["user=1", "item=1", "users=2"], "cannot change 'users=2'"),
        (["user=1", "item=1", "paths=yes"], "paths must be true or false"),
        (["user=1", "item=1", "k=0"], "k must be"),
        (["user=1", "item=1", "out=a.parquet"], "does not end in .csv, .json or .png; rename it"),
        (["user=1", "item=1", "out=a.png", "--json"], "contradict each other"),
        (["user=1", "item=1", "model.similarity=cosine"], "model.similarity=cosine"),
        (["user=nobody", "item=1"], "user 'nobody' is unknown to this run"),
        (["user=1", "item=nothing"], "item 'nothing' is unknown to this run"),
        (["user=1", "item=plain"], "item takes ids, not titles: 'Plain' is item="),
    ],
)
def test_wrong_usage(words: list[str], message: str, run: Path, graphrec: Command) -> None:
    done = graphrec("explain", str(run), *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert message in done.err


def test_a_cold_user_and_a_cold_item_are_refused(run: Path, graphrec: Command) -> None:
    with np.load(run / "data.npz") as file:
        arrays = dict(file)
    user_id, item_id = arrays["user_id"][0], arrays["item_id"][0]
    users = np.repeat(np.arange(len(arrays["user_id"])), np.diff(arrays["train_indptr"]))
    kept = (users != 0) & (arrays["train_item_index"] != 0)
    arrays["train_item_index"] = arrays["train_item_index"][kept]
    arrays["train_indptr"] = np.append(0, np.cumsum(kept))[arrays["train_indptr"]]
    save_arrays(run / "data.npz", arrays)
    other_user, other_item = arrays["user_id"][1], arrays["item_id"][1]
    for user, item in ((user_id, other_item), (other_user, item_id)):
        done = graphrec("explain", str(run), f"user={user}", f"item={item}")
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "has no train interaction in this run" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("model", ["itemknn", "ease", "gfcf", "chebycf"])
def test_closed_forms(model: str, graphrec: Command) -> None:
    run = graphrec("train", f"model={model}").run
    user = load(run).split.users.text()[4]
    (listed,) = json.loads(graphrec("recommend", str(run), f"users={user}", "k=1", "--json").out)
    words = (f"user={user}", f"item={listed['items'][0]['item_id']}")
    content = json.loads(graphrec("explain", str(run), *words, "--json").out)
    assert (content["rank"], content["fixed"]) == (1, {})
    assert total(content) == pytest.approx(listed["items"][0]["score"], abs=1e-5)
    assert f"score of {model}" in graphrec("explain", str(run), *words).out
    refused = graphrec("explain", str(run), *words, "graph=true")
    assert (refused.code, "remove graph" in refused.err) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["popularity", "mf"])
def test_models_without_a_row_are_refused(model: str, graphrec: Command) -> None:
    run = graphrec("train", f"model={model}").run
    done = graphrec("explain", str(run), "user=1", "item=1")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert f"model={model}" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("head", ["linear", "dot"])
def test_ratings(head: str, tmp_path: Path) -> None:
    rows = [f"u{u},i{(u * i + i) % 13},{1 + (u + i) % 5}" for u in range(15) for i in range(9)]
    (tmp_path / "rows.csv").write_text("\n".join(["user,item,rating", *rows]))
    words = ["dataset=table", "dataset.path=rows.csv", "dataset.duplicates=first"]
    words += ["model=lightgcn_rating", f"model.head={head}", "loss=mse", "evaluation=rating"]
    words += ["trainer.monitor=rmse", "trainer.epochs=2", "plots=false", "num_threads=1"]
    done = call(tmp_path, "train", *words)
    assert done.code == 0, done.err
    explained = call(tmp_path, "explain", str(done.run), "user=u3", "item=i4", "--json")
    content = json.loads(explained.out)
    assert total(content) == pytest.approx(content["score"], abs=1e-5)
    names = {"linear": {"own", "item", "bias"}}
    expected = names.get(head, {"own", "user_bias", "item_bias", "mean_rating"})
    assert set(content["fixed"]) == expected
    assert call(tmp_path, "explain", str(done.run), "user=u3", "item=i4").code == 0
