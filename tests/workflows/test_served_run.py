"""A run in memory answers as ``graphrec recommend --json`` prints, to the last byte."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import TINY_DATA, TINY_SETTINGS, Finished, call

from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.serving.question import Question
from graphrec_cli.serving.refused import Refused
from graphrec_cli.system.threads import set_threads
from graphrec_cli.workflows.served_run import ServedRun, load_served

MODELS = {
    "lightgcn": ("trainer.epochs=1",),
    "cosine": ("model=lightgcn", "model.similarity=cosine", "trainer.epochs=1"),
    "popularity": ("model=popularity",),
    "ease": ("model=ease",),
}


FIRST, *OTHERS = MODELS


@pytest.fixture(
    scope="module",
    params=[FIRST, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a model, with titles and odd ids."""
    folder = tmp_path_factory.mktemp(request.param)
    done = call(folder, "train", *TINY_DATA, *TINY_SETTINGS, *MODELS[request.param])
    assert done.code == 0, done.err
    with np.load(done.run / "data.npz") as file:
        arrays: dict[str, Any] = dict(file)
    for key in ("user_id", "item_id"):
        odd = ['"', "\x7f", "é\u2028", "<script>", "雪"]
        rest = [f"id{number}" for number in range(len(arrays[key]) - len(odd))]
        arrays[key] = np.array(sorted([*odd, *rest]))
    titles = ["", 'A "title"', "</script>"] * len(arrays["item_id"])
    arrays["title"] = np.array(titles[: len(arrays["item_id"])])
    save_arrays(done.run / "data.npz", arrays)
    return done.run


@pytest.fixture(scope="module")
def served(run: Path) -> ServedRun:
    return load_served(RunDirectory.find(str(run)), [])


def printed(run: Path, *words: str) -> str:
    done: Finished = call(run.parent, "recommend", str(run), *words, "--json")
    assert done.code == 0, done.err
    return done.out


def ids(run: Path, key: str) -> list[str]:
    with np.load(run / "data.npz") as file:
        degree = np.bincount(file["train_item_index"], minlength=len(file["item_id"]))
        usable = degree > 0 if key == "item_id" else np.diff(file["train_indptr"]) > 0
        found: list[str] = file[key][usable].tolist()
    return found


def write_ids(folder: Path, wanted: list[str]) -> str:
    (folder / "ids.txt").write_text("\n".join(wanted), encoding="utf-8")
    return f"@{folder / 'ids.txt'}"


@pytest.mark.parametrize("seen", ["exclude", "keep"])
def test_all_users_at_once(run: Path, served: ServedRun, tmp_path: Path, seen: str) -> None:
    users = ids(run, "user_id")[::-1]
    asked = Question(key="users", ids=users, k=7, exclude_seen=seen == "exclude")
    file = write_ids(tmp_path, users)
    assert served.answer(asked) == printed(run, f"users={file}", "k=7", f"seen={seen}")


def test_one_user_after_the_other_with_changing_k(
    run: Path, served: ServedRun, tmp_path: Path
) -> None:
    for place, user in enumerate(ids(run, "user_id")[:8]):
        k = 1 + 9 * (place % 3)
        file = write_ids(tmp_path, [user])
        asked = Question(key="user", ids=[user], k=k)
        assert served.answer(asked) == printed(run, f"users={file}", f"k={k}")


def test_new_users(run: Path, served: ServedRun, tmp_path: Path) -> None:
    items = ids(run, "item_id")
    for own, seen in ((items[:1], "exclude"), (items[9:2:-2], "exclude"), (items[:4], "keep")):
        file = write_ids(tmp_path, own)
        asked = Question(key="items", ids=own, k=5, exclude_seen=seen == "exclude")
        assert served.answer(asked) == printed(run, f"items={file}", "k=5", f"seen={seen}")


def test_similar_items(run: Path, served: ServedRun, tmp_path: Path) -> None:
    for item in ids(run, "item_id")[:3]:
        asked = Question(key="item", ids=[item], k=5)
        if served.health["model"] == "popularity":
            with pytest.raises(Refused, match="model=popularity knows no similar items"):
                served.answer(asked)
        else:
            file = write_ids(tmp_path, [item])
            assert served.answer(asked) == printed(run, f"similar_to={file}", "k=5")


@pytest.mark.parametrize("key", ["user", "users", "items", "item"])
def test_unknown_ids_are_named(served: ServedRun, key: str) -> None:
    known = '"'
    wrong = ["\ud800", "a" * 100_000, "nul\0", "-1", "None", "1.0"]
    for unknown in wrong:
        with pytest.raises(Refused, match="unknown to this run") as refused:
            served.answer(Question(key=key, ids=[unknown, known][: 1 + key.endswith("s")], k=5))
        assert refused.value.status == 404
        assert len(refused.value.message) < 150
        assert refused.value.message.isprintable()
    if key.endswith("s"):
        with pytest.raises(Refused, match=r"s '\?', 'a{40}\.\.\.', .*, \.\.\. are unknown"):
            served.answer(Question(key=key, ids=[known, *wrong], k=5))


def test_k_above_the_catalog_is_refused(run: Path, served: ServedRun) -> None:
    size = len(ids(run, "item_id"))
    served.answer(Question(key="user", ids=['"'], k=size))
    with pytest.raises(Refused, match=f"k={size + 1} is more than the {size} items"):
        served.answer(Question(key="user", ids=['"'], k=size + 1))


def test_a_user_without_a_train_interaction_is_refused(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "cold"))
    with np.load(folder / "data.npz") as file:
        arrays: dict[str, Any] = dict(file)
    keep = np.arange(len(arrays["train_item_index"])) >= arrays["train_indptr"][1]
    for key in [
        key for key in arrays if key.startswith("train_") and len(arrays[key]) == len(keep)
    ]:
        arrays[key] = arrays[key][keep]
    arrays["train_indptr"] = np.maximum(arrays["train_indptr"] - arrays["train_indptr"][1], 0)
    save_arrays(folder / "data.npz", arrays)
    served = load_served(RunDirectory.find(str(folder)), [])
    with pytest.raises(Refused, match="without a train interaction"):
        served.answer(Question(key="user", ids=['"'], k=5))


def test_health_tells_the_weights(run: Path, served: ServedRun) -> None:
    weights = (run / "checkpoints" / "best.pt").read_bytes()
    assert served.health["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert served.health["run"] == run.name
    assert served.health["state"] == "completed"


def test_lists_are_made_with_the_threads_of_the_run(run: Path) -> None:
    before = torch.get_num_threads()
    served = load_served(RunDirectory.find(str(run)), ["num_threads=1"])

    def threads_after_an_answer() -> int:
        torch.set_num_threads(2)
        served.answer(Question(key="user", ids=['"'], k=5))
        return torch.get_num_threads()

    try:
        with ThreadPoolExecutor(1) as other:
            assert other.submit(threads_after_an_answer).result() == 1
    finally:
        set_threads(before)
