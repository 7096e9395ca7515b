"""``graphrec recommend``: similar items, allowed and denied items, new users in a file, titles."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from builders import Command, Finished

from graphrec_cli.config.serialize import read_config
from graphrec_cli.rundir.data_npz import save_arrays
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.workflows.saved_run import SavedRun, load_run

TITLES = ["Star Wars (1977)", "Star Trek", "Deathstar, The", "The Godfather", "", "Other"]


@pytest.fixture
def run(trained: Finished, tmp_path: Path) -> Path:
    """A copy of the trained run in which the first items have titles."""
    folder = Path(shutil.copytree(trained.run, tmp_path / "runs" / "mine"))
    with np.load(folder / "data.npz") as file:
        arrays = dict(file)
    titles = [*TITLES, *(f"star {number}" for number in range(len(arrays["item_id"]) - 6))]
    arrays["title"] = np.array(titles)
    save_arrays(folder / "data.npz", arrays)
    return folder


def load(run: Path) -> SavedRun:
    directory = RunDirectory(run)
    content = read_config(directory.config)
    saved = load_run(directory, content, content.config)
    saved.model.prepare_scoring()
    return saved


def ids(content: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in content["items"]]


def test_similar_items_have_the_largest_cosines(run: Path, graphrec: Command) -> None:
    saved = load(run)
    item_id = saved.split.items.text()
    final = saved.model.final_embeddings()[len(saved.split.users) :]  # type: ignore[operator]
    vectors = final.detach().double().numpy()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    done = graphrec("recommend", str(run), f"similar_to={item_id[3]},{item_id[0]}", "k=4", "--json")
    assert (done.code, done.err) == (0, "")
    for content, item in zip(json.loads(done.out), (3, 0), strict=True):
        assert content["similar_to"] == item_id[item]
        cosine = unit @ unit[item]
        cosine[saved.split.train.item_degree == 0] = -2
        cosine[item] = -2
        best = np.argsort(-cosine)[:4]
        assert ids(content) == [item_id[place] for place in best]
        assert [each["score"] for each in content["items"]] == pytest.approx(cosine[best], abs=1e-5)
    text = graphrec("recommend", str(run), f"similar_to={item_id[3]}", "k=2").out
    assert text.startswith(f"similar to item {item_id[3]} 'The Godfather'\nrank  item_id")
    untitled = graphrec("recommend", str(run), f"similar_to={item_id[4]}", "k=2").out
    assert untitled.startswith(f"similar to item {item_id[4]}\nrank  item_id")
    written = graphrec("recommend", str(run), f"similar_to={item_id[3]}", "k=2", "format=csv").out
    assert written.startswith(f"similar_to,rank,item_id,score,title\n{item_id[3]},1,")


@pytest.mark.slow
@pytest.mark.parametrize("model", ["itemknn", "ease", "gfcf"])
def test_similar_items_of_a_closed_form_are_rows_of_its_operator(
    model: str, graphrec: Command
) -> None:
    run = graphrec("train", f"model={model}").run
    saved = load(run)
    item_id = saved.split.items.text()
    (content,) = json.loads(
        graphrec("recommend", str(run), f"similar_to={item_id[2]}", "k=3", "--json").out
    )
    row = saved.model.score_new_user(torch.tensor([2])).numpy()
    listed = [item_id.tolist().index(item) for item in ids(content)]
    assert 2 not in listed
    assert [each["score"] for each in content["items"]] == pytest.approx(row[listed], abs=1e-6)
    others = np.delete(row, [2, *listed])
    assert row[listed].min() >= others.max() - 1e-6


@pytest.mark.slow
def test_popularity_has_no_similar_items(graphrec: Command) -> None:
    run = graphrec("train", "model=popularity").run
    done = graphrec("recommend", str(run), "similar_to=1")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "model=popularity does not have" in done.err


def test_allowed_and_denied_items(run: Path, tmp_path: Path, graphrec: Command) -> None:
    item_id = load(run).split.items.text().tolist()
    (whole,) = json.loads(graphrec("recommend", str(run), "users=7", "k=20", "--json").out)
    first = ids(whole)
    (tmp_path / "deny.txt").write_text("\n".join(first[:3]))
    (left,) = json.loads(
        graphrec("recommend", str(run), "users=7", "k=17", "deny=@deny.txt", "--json").out
    )
    assert ids(left) == first[3:]
    words = [f"allow={','.join([*first[5:9], first[0]])}", f"deny={first[6]}"]
    (few,) = json.loads(graphrec("recommend", str(run), "users=7", *words, "--json").out)
    assert ids(few) == [first[0], first[5], first[7], first[8]]
    known = next(item for item in item_id if item not in first)
    (same,) = json.loads(
        graphrec("recommend", str(run), "users=7", "k=20", f"deny={known}", "--json").out
    )
    assert ids(same) == first
    nothing = graphrec("recommend", str(run), "users=7", f"allow={first[0]}", f"deny={first[0]}")
    assert (nothing.code, nothing.out) == (0, "user 7\nno items to recommend\n")
    similar = graphrec("recommend", str(run), f"similar_to={first[0]}", f"allow={first[1]}")
    assert similar.out.splitlines()[-1].split()[1] == first[1]
    for key in ("allow", "deny"):
        refused = graphrec("recommend", str(run), "users=7", f"{key}=a,b,c,d,e,f,{known}")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "6 of 7 items are unknown to this run: 'a', 'b', 'c', 'd', 'e'," in refused.err


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_a_file_of_new_users(ending: str, run: Path, tmp_path: Path, graphrec: Command) -> None:
    item_id = load(run).split.items.text()
    users = {"z": [item_id[4]], "a b": [item_id[1], item_id[7], item_id[9]]}
    rows = [(user, item) for user, items in users.items() for item in items]
    rows = [rows[1], rows[0], *rows[2:], rows[2], ("z", "unheard-of")]
    path = tmp_path / f"new.{ending}"
    if ending == "parquet":
        columns = dict(
            zip(("customer_id", "isbn"), map(list, zip(*rows, strict=True)), strict=True)
        )
        pq.write_table(pa.table(columns), path)
    elif ending == "jsonl":
        lines = [json.dumps({"customer_id": user, "isbn": item}) for user, item in rows]
        path.write_text("\n".join(lines))
    else:
        separator = {"csv": ",", "tsv": "\t"}[ending]
        path.write_text("\n".join(map(separator.join, [("customer_id", "isbn"), *rows])))
    done = graphrec("recommend", str(run), f"users_items=@new.{ending}", "k=6", "--json")
    assert done.code == 0
    assert done.err == (
        "warning: left out 1 row of 1 item unknown to this run or without a train interaction in "
        "it: 'unheard-of'\n"
    )
    lists = json.loads(done.out)
    assert [each["user_id"] for each in lists] == ["a b", "z"]
    for each in lists:
        words = (f"items={','.join(users[each['user_id']])}", "k=6", "--json")
        (alone,) = json.loads(graphrec("recommend", str(run), *words).out)
        assert ids(each) == ids(alone)
        assert [item["score"] for item in each["items"]] == pytest.approx(
            [item["score"] for item in alone["items"]], rel=1e-5
        )


def test_new_users_without_a_known_item(run: Path, tmp_path: Path, graphrec: Command) -> None:
    saved = load(run)
    known = saved.split.items.text()[4]
    (tmp_path / "new.csv").write_text(f"user,item\nx,{known}\nlost,?\n")
    refused = graphrec("recommend", str(run), "users_items=@new.csv", "out=a.csv")
    assert refused.code == 2
    assert "new.csv: 1 of 2 users is without an item that has a train interaction" in refused.err
    assert ": 'lost'; remove them, or set cold=popular" in refused.err
    assert not (tmp_path / "a.csv").exists()
    words = ("users_items=@new.csv", "cold=popular", "k=3", "--json")
    lists = json.loads(graphrec("recommend", str(run), *words).out)
    assert [each["cold"] for each in lists] == [False, True]
    degree = saved.split.train.item_degree
    assert [item["score"] for item in lists[1]["items"]] == sorted(degree.tolist())[:-4:-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user,thing\n1,2\n", "has no column with a known name for item ids"),
        ("user,item,isbn\n1,2,3\n", "has several columns (item, isbn) with a known name for item"),
        ("user,item\n", "new.csv"),
        ("user,item\n1\n", "new.csv, line 2"),
        ("user;item\n1;2\n", "separator=semicolon (keys of dataset are train's: change the file)"),
    ],
)
def test_a_faulty_file_of_new_users(
    text: str, message: str, run: Path, tmp_path: Path, graphrec: Command
) -> None:
    (tmp_path / "new.csv").write_text(text)
    done = graphrec("recommend", str(run), "users_items=@new.csv")
    assert (done.code, done.out, len(done.err.splitlines())) == (3, "", 1)
    assert message in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["users=1", "similar_to=2"], "users and similar_to ask for different lists"),
        (["users_items=@a.csv", "items=2"], "items and users_items ask for different lists"),
        (["similar_to=2", "seen=keep"], "seen has no effect on similar_to"),
        (["similar_to=2", "model.similarity=dot"], "model.similarity has no effect on similar_to"),
        (["users_items=a.csv"], "users_items=a.csv must name a file: users_items=@FILE"),
        (["users_items=@"], "must name a file"),
        (["users_items=@a.csv"], "there is no file a.csv"),
        (["allow="], "allow has no ids"),
    ],
)
def test_wrong_usage(words: list[str], message: str, run: Path, graphrec: Command) -> None:
    done = graphrec("recommend", str(run), *words)
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert message in done.err


def test_titles_in_place_of_ids_are_answered_with_ids(run: Path, graphrec: Command) -> None:
    saved = load(run)
    item_id, degree = saved.split.items.text(), saved.split.train.item_degree

    def answer(*words: str) -> str:
        done = graphrec("recommend", str(run), *words)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        return done.err

    one = f"items takes ids, not titles: 'Deathstar, The' is items={item_id[2]} ({degree[2]} train"
    assert one in answer("items=deathstar, the")
    assert f"similar_to takes ids, not titles: 'Star Trek' is similar_to={item_id[1]} (" in answer(
        "similar_to=STAR TREK"
    )
    assert f"allow={item_id[3]} (" in answer("users=7", "allow=godfather")
    # 'star' is in the titles of all items but three; those with the most interactions are shown.
    many = answer("items=star")
    matching = [item for item in range(len(item_id)) if item not in (3, 4, 5)]
    matching.sort(key=lambda item: -degree[item])
    shown = [f"is items={item_id[item]} ({degree[item]} train interaction" for item in matching]
    places = [many.index(text) for text in shown[:10]]
    assert places == sorted(places)
    assert shown[10] not in many
    assert f" and {len(matching) - 10} more" in many
    assert "not titles" not in answer("items=x")
    assert "not titles" not in answer("items=no such title")
