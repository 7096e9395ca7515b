"""``graphrec recommend`` needs only a run directory, keeps ids and answers for the right user."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray

from graphrec_cli.config.serialize import read_config
from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.training.checkpoints.file import load_checkpoint
from graphrec_cli.workflows.saved_run import SavedRun, load_run

Lists = dict[str | None, list[str]]

# Odd real-world ids and titles; the rest are numbers with leading zeros.
USERS = ["a,b", 'say "x"', "1e5", "null", " padded ", "雪", "~é", "line\nbreak"]
ITEMS = ["0425115801", "NA", "a,b", '"', "9223372036854775808", "@home", "é=1", "cr\rlf\r\n"]
TITLES = ["", "Plain", 'Quoted "title"', "Comma, and\nbreak", "cr\ralone", "雪国"]


@pytest.fixture
def run(trained: Any, tmp_path: Path) -> Path:
    """A copy of the trained run with odd users, items and titles."""
    folder = Path(shutil.copytree(trained.run, tmp_path / "runs" / "mine"))

    def rename(arrays: dict[str, NDArray[Any]]) -> None:
        num_users, num_items = len(arrays["user_id"]), len(arrays["item_id"])
        arrays["user_id"] = ids_like(USERS, num_users)
        arrays["item_id"] = ids_like(ITEMS, num_items)
        arrays["title"] = np.array((TITLES * num_items)[:num_items])

    change_data(folder, rename)
    return folder


def ids_like(odd: list[str], size: int) -> NDArray[np.str_]:
    """The odd ids and enough others, in the order of a file."""
    return np.array(sorted([*odd, *(f"00{number}" for number in range(size - len(odd)))]))


def change_data(run: Path, change: Callable[[dict[str, NDArray[Any]]], None]) -> None:
    with np.load(run / "data.npz") as file:
        arrays = dict(file)
    change(arrays)
    save_arrays(run / "data.npz", arrays)


def forget_train_of_first_user(arrays: dict[str, NDArray[Any]]) -> None:
    count = arrays["train_indptr"][1]
    arrays["train_item_index"] = arrays["train_item_index"][count:]
    arrays["train_indptr"] = np.maximum(arrays["train_indptr"] - count, 0)


def forget_train_of_an_item(arrays: dict[str, NDArray[Any]]) -> None:
    """The first item loses its train pairs, so that it is no longer in the catalog."""
    kept = arrays["train_item_index"] != 0
    before = np.concatenate([[0], np.cumsum(kept)])
    arrays["train_indptr"] = before[arrays["train_indptr"]]
    arrays["train_item_index"] = arrays["train_item_index"][kept]


def load(run: Path) -> SavedRun:
    directory = RunDirectory(run)
    content = read_config(directory.config)
    saved = load_run(directory, content, content.config)
    saved.model.prepare_scoring()
    return saved


def known_items(saved: SavedRun, user: int) -> set[int]:
    data = saved.split
    assert data.valid is not None
    parts = (data.train, data.valid, data.test)
    return {i for p in parts for i in p.item_index[p.indptr[user] : p.indptr[user + 1]].tolist()}


def best(saved: SavedRun, scores: NDArray[Any], left_out: set[int], k: int) -> list[str]:
    """The first k raw ids by plain sorting."""
    degree = saved.split.train.item_degree
    order = np.argsort(-scores, kind="stable").tolist()
    chosen = [item for item in order if degree[item] > 0 and item not in left_out]
    return [str(saved.split.items.text()[item]) for item in chosen[:k]]


def expected_lists(saved: SavedRun, k: int, *, keep: bool = False) -> Lists:
    scores = saved.model.score_users(torch.arange(len(saved.split.users))).numpy()
    return {
        str(user_id): best(saved, scores[user], set() if keep else known_items(saved, user), k)
        for user, user_id in enumerate(saved.split.users.text())
    }


def json_lists(out: str) -> Lists:
    return {
        user["user_id"]: [item["item_id"] for item in user["items"]] for user in json.loads(out)
    }


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def csv_lists(text: str) -> Lists:
    lists: Lists = {}
    for row in csv_rows(text):
        own = lists.setdefault(row["user_id"], [])
        own.append(row["item_id"])
        assert row["rank"] == str(len(own))
    return lists


def test_everybody_gets_the_best_of_what_they_do_not_have(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    done = graphrec("recommend", str(run), "k=7", "--json")
    assert (done.code, done.err) == (0, "")
    lists = json_lists(done.out)
    expected = expected_lists(load(run), 7)
    assert lists == expected
    assert list(lists) == list(expected)  # in the order of the indices
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    as_csv = graphrec("recommend", "latest", f"output_dir={run.parent}", "k=7", "format=csv")
    assert csv_lists(as_csv.out) == expected


def test_scores_and_titles_stand_beside_the_items(run: Path, graphrec: Callable[..., Any]) -> None:
    saved = load(run)
    titles, item_ids = saved.title, saved.split.items.text().tolist()
    assert titles is not None
    null = saved.split.users.text().tolist().index("null")
    scores = saved.model.score_users(torch.tensor([null]))[0].numpy()
    (user,) = json.loads(graphrec("recommend", str(run), "users=null", "k=5", "--json").out)
    assert list(user) == ["user_id", "items"]
    for item in user["items"]:
        index = item_ids.index(item["item_id"])
        assert list(item) == ["item_id", "score", "title"]
        assert item["score"] == pytest.approx(float(scores[index]), rel=1e-5)
        assert item["title"] == (str(titles[index]) or None)
    written = graphrec("recommend", str(run), "users=null", "k=5", "format=csv")
    assert [
        {**row, "score": float(row["score"]), "title": row["title"] or None}
        for row in csv_rows(written.out)
    ] == [
        {"user_id": "null", "rank": str(rank), **item}
        for rank, item in enumerate(user["items"], start=1)
    ]


def test_the_screen_shows_a_table_a_user(run: Path, graphrec: Callable[..., Any]) -> None:
    done = graphrec("recommend", str(run), "users=雪,1e5", "k=3")
    first, second = done.out.split("\n\n")
    assert (done.code, done.err) == (0, "")
    assert first.splitlines()[0] == "user 雪"
    assert second.splitlines()[0] == "user 1e5"
    assert first.splitlines()[1].split() == ["rank", "item_id", "score", "title"]
    for table in (first, second):
        assert [line.split()[0] for line in table.splitlines()[3:]] == ["1", "2", "3"]


def test_seen_items_may_be_kept(run: Path, graphrec: Callable[..., Any]) -> None:
    done = graphrec("recommend", str(run), "seen=keep", "k=12", "--json")
    assert json_lists(done.out) == expected_lists(load(run), 12, keep=True)


def test_a_user_with_fewer_candidates_gets_all_of_them(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    saved = load(run)
    catalog = np.flatnonzero(saved.split.train.item_degree)
    done = graphrec("recommend", str(run), f"k={len(catalog)}", "--json")
    for user, items in enumerate(json_lists(done.out).values()):
        left = set(catalog.tolist()) - known_items(saved, user)
        assert set(items) == {str(saved.split.items.text()[item]) for item in left}
    too_many = graphrec("recommend", str(run), f"k={len(catalog) + 1}")
    assert (too_many.code, too_many.out, len(too_many.err.splitlines())) == (3, "", 1)
    assert f"set k to at most {len(catalog)}" in too_many.err


@pytest.mark.slow
def test_embeddings_can_be_compared_otherwise(run: Path, graphrec: Callable[..., Any]) -> None:
    def scores(*words: str) -> list[float]:
        done = graphrec("recommend", str(run), "users=1e5", *words, "format=csv")
        assert done.code == 0, done.err
        return [float(row["score"]) for row in csv.DictReader(io.StringIO(done.out))]

    assert scores("model.item_norm_power=1") == scores()
    assert scores("model.item_norm_power=0") != scores()
    assert all(-1.001 < score < 1.001 for score in scores("model.similarity=cosine"))


def test_ids_in_a_file_are_lines(run: Path, tmp_path: Path, graphrec: Callable[..., Any]) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_bytes('\ufeffa,b\r\n\r\n padded \nsay "x"\n\na,b\n1e5'.encode())
    done = graphrec("recommend", str(run), "users=@wanted.txt", "--json")
    lists = json_lists(done.out)
    assert list(lists) == ["a,b", " padded ", 'say "x"', "1e5"]
    expected = expected_lists(load(run), 10)
    assert lists == {user_id: expected[user_id] for user_id in lists}
    assert graphrec("recommend", str(run), "users=1e5, padded ", "--json").code == 0


def test_unknown_users_are_named(run: Path, graphrec: Callable[..., Any]) -> None:
    done = graphrec("recommend", str(run), "users=000,1,2,3,x'y,5,6,7")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "7 of 8 users are unknown" in done.err
    assert "'1', '2', '3', \"x'y\", '5', ...;" in done.err
    assert "cold=popular" in done.err
    hint = "ids with commas, such as 'a,b', are read from a file: users=@FILE, one id per line"
    assert hint in graphrec("recommend", str(run), "users=a,b").err
    # Ids are text: zeros and blanks count.
    assert graphrec("recommend", str(run), "users=00").code == 2
    assert graphrec("recommend", str(run), "users=padded").code == 2


def test_unknown_users_get_popular_items_on_request(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    saved = load(run)
    degree = saved.split.train.item_degree
    done = graphrec("recommend", str(run), "users=x,1e5,\n", "cold=popular", "k=6", "--json")
    assert (done.code, done.err) == (
        0,
        "2 of 3 users are without a train interaction: popular items are recommended\n",
    )
    lists = json_lists(done.out)
    popular = best(saved, degree.astype(np.float64), set(), 6)
    assert list(lists) == ["x", "1e5", "\n"]
    assert lists == {"x": popular, "1e5": expected_lists(saved, 6)["1e5"], "\n": popular}
    assert [user["cold"] for user in json.loads(done.out)] == [True, False, True]
    counts = sorted(degree.tolist(), reverse=True)[:6]
    assert [item["score"] for item in json.loads(done.out)[0]["items"]] == counts
    rows = csv_rows(
        graphrec("recommend", str(run), "users=x,1e5", "cold=popular", "format=csv").out
    )
    assert {(row["user_id"], row["cold"]) for row in rows} == {("x", "true"), ("1e5", "false")}
    table = graphrec("recommend", str(run), "users=x,1e5", "cold=popular").out
    assert [line for line in table.splitlines() if line.startswith("user ")] == [
        "user x (cold: popular items)",
        "user 1e5",
    ]


def test_a_user_without_a_train_interaction_is_cold(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    change_data(run, forget_train_of_first_user)
    cold = " padded "
    (run.parents[1] / "user.txt").write_text(cold, encoding="utf-8")
    refused = graphrec("recommend", str(run), "users=@user.txt")
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)
    assert f"'{cold}'" in refused.err
    saved = load(run)
    assert saved.split.users.text()[0] == cold
    # The user was not named, so the others get their lists, and a message says so.
    everyone = graphrec("recommend", str(run), "--json")
    assert everyone.code == 0
    assert everyone.err.startswith("warning: skipped 1 user without a train interaction")
    assert list(json_lists(everyone.out)) == [
        user for user in saved.split.users.text() if user != cold
    ]
    popularity = saved.split.train.item_degree.astype(np.float64)
    lists = json_lists(graphrec("recommend", str(run), "cold=popular", "--json").out)
    expected = expected_lists(saved, 10)
    expected[cold] = best(saved, popularity, known_items(saved, 0), 10)
    assert lists == expected


def test_items_without_a_train_interaction_are_never_recommended(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    change_data(run, forget_train_of_an_item)
    saved = load(run)
    k = int(np.count_nonzero(saved.split.train.item_degree))
    assert k == len(saved.split.items) - 1
    done = graphrec("recommend", str(run), f"k={k}", "seen=keep", "cold=popular", "--json")
    assert done.code == 0, done.err
    gone = str(saved.split.items.text()[0])
    assert all(len(items) == k and gone not in items for items in json_lists(done.out).values())


def test_a_new_user_is_folded_in_by_items(run: Path, graphrec: Callable[..., Any]) -> None:
    saved = load(run)
    (run.parents[1] / "likes.txt").write_text("a,b\n@home\na,b\n", encoding="utf-8")
    items = saved.split.items.text().tolist()
    given = [items.index("a,b"), items.index("@home")]
    scores = saved.model.score_new_user(torch.tensor(given)).numpy()
    for seen, left_out in (("exclude", set(given)), ("keep", set())):
        done = graphrec("recommend", str(run), "items=@likes.txt", f"seen={seen}", "--json")
        assert (done.code, done.err) == (0, "")
        assert json_lists(done.out) == {None: best(saved, scores, left_out, 10)}
    (first, *_) = csv_rows(graphrec("recommend", str(run), "items=0425115801", "format=csv").out)
    assert (first["user_id"], first["rank"]) == ("", "1")
    assert "a user with the given items" in graphrec("recommend", str(run), "items=NA").out


def test_items_that_train_never_saw_say_nothing(run: Path, graphrec: Callable[..., Any]) -> None:
    done = graphrec("recommend", str(run), "items=NA,425115801,na")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "2 of 3 items are unknown" in done.err
    assert "'425115801', 'na'" in done.err


def test_an_item_that_only_test_holds_is_not_recommended(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    def forget_item(arrays: dict[str, NDArray[Any]]) -> None:
        kept = arrays["train_item_index"] != arrays["item_id"].tolist().index("NA")
        arrays["train_item_index"] = arrays["train_item_index"][kept]
        arrays["train_indptr"] = np.append(0, np.cumsum(kept))[arrays["train_indptr"]]

    change_data(run, forget_item)
    done = graphrec("recommend", str(run), "seen=keep", "cold=popular", "--json")
    assert all("NA" not in items for items in json_lists(done.out).values())
    refused = graphrec("recommend", str(run), "items=NA")
    assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 1)
    assert "1 of 1 item is unknown to this run, or without a train interaction" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mf", "popularity", "itemknn", "ease", "gfcf", "chebycf"])
def test_every_model_recommends(model: str, graphrec: Callable[..., Any]) -> None:
    run = graphrec("train", f"model={model}").run
    saved = load(run)
    assert saved.title is None
    assert json_lists(graphrec("recommend", str(run), "--json").out) == expected_lists(saved, 10)
    done = graphrec("recommend", str(run), f"items={saved.split.items.text()[0]}", "format=csv")
    assert done.out.splitlines()[0] == "user_id,rank,item_id,score"
    scores = saved.model.score_new_user(torch.tensor([0])).numpy()
    assert csv_lists(done.out) == {"": best(saved, scores, {0}, 10)}


def test_a_files_ending_says_its_format(run: Path, graphrec: Callable[..., Any]) -> None:
    expected = expected_lists(load(run), 4)
    folder = run.parents[1]
    for name in ("a.csv", "a.JSON", "cut"):
        words = ["format=csv"] if name == "cut" else []
        (folder / name).write_text("old", encoding="utf-8")
        done = graphrec("recommend", str(run), "k=4", f"out={name}", *words)
        assert (done.code, done.out, done.err) == (0, "", f"wrote {name}\n")
    assert csv_lists((folder / "a.csv").read_bytes().decode()) == expected
    assert (folder / "cut").read_bytes() == (folder / "a.csv").read_bytes()
    assert json_lists((folder / "a.JSON").read_bytes().decode()) == expected
    assert {path.name for path in folder.iterdir()} == {"a.csv", "a.JSON", "cut", "runs"}


def test_parquet(run: Path, graphrec: Callable[..., Any]) -> None:
    assert graphrec("recommend", str(run), "k=4", "out=a.parquet").code == 0
    columns = pq.read_table(run.parents[1] / "a.parquet").to_pydict()
    assert list(columns) == ["user_id", "rank", "item_id", "score", "title"]
    lists: Lists = {}
    for user_id, item_id in zip(columns["user_id"], columns["item_id"], strict=True):
        lists.setdefault(user_id, []).append(item_id)
    assert lists == expected_lists(load(run), 4)


def test_scores_that_are_not_finite_leave_no_file(run: Path, graphrec: Callable[..., Any]) -> None:
    content = load_checkpoint(run / "checkpoints" / "best.pt", torch.device("cpu"))
    content["model"]["layer0_embeddings"][-1] = float("nan")
    torch.save(content, run / "checkpoints" / "best.pt")
    for words in (["out=a.csv"], ["items=NA", "out=a.csv"]):
        done = graphrec("recommend", str(run), *words)
        assert (done.code, done.out, len(done.err.splitlines())) == (5, "", 1)
    assert [path.name for path in run.parents[1].iterdir()] == ["runs"]
