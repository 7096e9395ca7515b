"""What ``Run`` gives is what the files hold and what the commands print."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from builders import Finished, call, read_json

import graphrec_cli
from graphrec_cli import Run, load_run
from graphrec_cli.errors import ConfigError, DataError, OutputError

pytestmark = pytest.mark.slow

CHANGES = ((), ("model.similarity=cosine",), ("model.item_norm_power=0.3",))


@pytest.fixture
def run(trained: Finished) -> Run:
    return load_run(trained.run)


def command_lists(finished: Finished, *words: str) -> pd.DataFrame:
    """The lists that ``graphrec recommend --json`` prints, one row per item."""
    done = call(finished.folder, "recommend", str(finished.run), "--json", *words)
    assert done.code == 0, done.err
    rows = [
        {"user_id": user["user_id"], "rank": rank, **item, "cold": user.get("cold")}
        for user in json.loads(done.out)
        for rank, item in enumerate(user["items"], start=1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_recommend_gives_what_the_command_gives(
    trained: Finished, changes: tuple[str, ...]
) -> None:
    ours = load_run(trained.run, *changes).recommend(k=5)
    theirs = command_lists(trained, "k=5", *changes)
    assert len(ours) > 200
    for column in ("user_id", "rank", "item_id"):
        assert ours[column].tolist() == theirs[column].tolist()
    np.testing.assert_allclose(ours["score"], theirs["score"], rtol=1e-6)


def test_a_new_user_and_a_cold_one_get_what_the_command_gives(trained: Finished, run: Run) -> None:
    items = run.item_ids[[3, 5]].tolist()
    ours = run.recommend(items=items, k=4, exclude_seen=False)
    theirs = command_lists(trained, f"items={','.join(items)}", "k=4", "seen=keep")
    assert ours["item_id"].tolist() == theirs["item_id"].tolist()
    assert ours["user_id"].isna().all()
    users = [run.user_ids[4], "nobody"]
    ours = run.recommend(users, k=3, cold="popular")
    theirs = command_lists(trained, f"users={','.join(users)}", "k=3", "cold=popular")
    for column in ("user_id", "item_id", "cold"):
        assert ours[column].tolist() == theirs[column].tolist()


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_embeddings_are_those_of_the_dense_propagation(
    trained: Finished, changes: tuple[str, ...]
) -> None:
    run = load_run(trained.run, *changes)
    num_users, num_items = len(run.user_ids), len(run.item_ids)
    adjacency = np.zeros((num_users + num_items,) * 2)
    with np.load(trained.run / "data.npz", allow_pickle=False) as data:
        users = np.repeat(np.arange(num_users), np.diff(data["train_indptr"]))
        items = num_users + data["train_item_index"]
    adjacency[users, items] = adjacency[items, users] = 1
    degree = np.maximum(adjacency.sum(0), 1)
    adjacency /= np.sqrt(np.outer(degree, degree))
    best = torch.load(trained.run / "checkpoints" / "best.pt", weights_only=True)
    layers = [best["model"]["layer0_embeddings"].numpy().astype(np.float64)]
    for _ in range(run.config["model"]["num_layers"]):
        layers.append(adjacency @ layers[-1])
    final = np.mean(layers, axis=0)
    if "model.similarity=cosine" in changes:
        final /= np.linalg.norm(final, axis=1, keepdims=True)
    user, item = final[:num_users], final[num_users:]
    if "model.item_norm_power=0.3" in changes:
        item = item * np.linalg.norm(item, axis=1, keepdims=True) ** (0.3 - 1)
    np.testing.assert_allclose(run.user_embeddings(), user, atol=1e-6)
    np.testing.assert_allclose(run.item_embeddings(), item, atol=1e-6)
    np.testing.assert_allclose(run.scores(), user @ item.T, atol=1e-6)
    assert run.user_embeddings().dtype == np.float32


def test_scores_of_some_are_rows_and_columns_of_all(run: Run) -> None:
    users, items = run.user_ids[[7, 2, 7]], run.item_ids[[5, 0]]
    whole = run.scores()
    assert whole.shape == (len(run.user_ids), len(run.item_ids))
    some = run.scores(users.tolist(), [int(item) for item in items])
    np.testing.assert_allclose(some, whole[[7, 2, 7]][:, [5, 0]], atol=1e-6)
    assert run.scores([], items.tolist()).shape == (0, 2)
    vector = run.embedding_of(user=users[0]) @ run.embedding_of(item=items[1])
    assert vector == pytest.approx(whole[7, 0], abs=1e-6)


def test_biases_are_in_the_embeddings_of_a_rating_run(rated: Finished) -> None:
    run = load_run(rated.run)
    products = run.user_embeddings() @ run.item_embeddings().T
    np.testing.assert_allclose(products, run.scores(), atol=1e-5)
    assert {"user_id", "item_id", "rating"} == set(run.train)
    plain = run.item_embeddings()[:, :-2]
    plain = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    similar = run.similar_items(run.item_ids[0], k=3)
    best = np.sort(plain[1:] @ plain[0])[::-1][:3]
    np.testing.assert_allclose(similar["score"], best, atol=1e-6)
    with pytest.raises(OutputError, match="no ranks: evaluation=rating"):
        _ = run.ranks


def test_ranks_and_scores_give_the_metrics(run: Run) -> None:
    ranks = run.ranks
    found = ranks["rank"] < 5
    ndcg = np.where(found, 1 / np.log2(ranks["rank"] + 2), 0)
    per_user = pd.Series(ndcg).groupby(ranks["user_id"]).mean()  # one held-out item per user
    assert per_user.mean() == pytest.approx(run.metrics["test"]["ndcg@5"])
    scores = pd.DataFrame(run.scores(), index=run.user_ids, columns=run.item_ids)
    catalog = set(run.train["item_id"])
    for user, item, rank in ranks.sample(20, random_state=0).itertuples(index=False):
        masked = {*run.train["item_id"][run.train["user_id"] == user]}
        masked |= {*run.valid["item_id"][run.valid["user_id"] == user]}
        ranked = scores.loc[user][sorted(catalog - masked | {item})]
        assert (ranked > ranked[item]).sum() == rank


def test_pairs_are_those_of_the_file(run: Run, trained: Finished) -> None:
    with np.load(trained.run / "data.npz", allow_pickle=False) as data:
        for part in ("train", "valid", "test"):
            frame = getattr(run, part)
            users = np.repeat(data["user_id"], np.diff(data[f"{part}_indptr"]))
            assert frame["user_id"].tolist() == users.tolist()
            items = data["item_id"][data[f"{part}_item_index"]]
            assert frame["item_id"].tolist() == items.tolist()


def test_figures_are_those_of_the_files(run: Run, trained: Finished) -> None:
    assert run.metrics == read_json(trained.run / "metrics.json")
    assert run.config == read_json(trained.run / "config.json")
    assert (run.path, run.state, run.titles) == (trained.run, "completed", None)
    lines = (trained.run / "history.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert run.history["epoch"].tolist() == [1, 2]
    assert run.history["loss"].tolist() == [row["loss"] for row in rows]
    assert run.history["valid ndcg@5"].tolist() == [row["valid"]["ndcg@5"] for row in rows]


def test_similar_items_have_the_largest_cosines(run: Run) -> None:
    item = run.item_ids[4]
    table = run.item_embeddings().astype(np.float64)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    cosine = pd.Series(table @ table[4], index=run.item_ids)
    wanted = cosine[sorted(set(run.train["item_id"]) - {item})].nlargest(6)
    found = run.similar_items(item, k=6)
    assert found["item_id"].tolist() == wanted.index.tolist()
    np.testing.assert_allclose(found["score"], wanted, atol=1e-6)
    assert found["rank"].tolist() == [1, 2, 3, 4, 5, 6]


def test_models_without_vectors_are_refused_by_name(solved: Finished) -> None:
    run = load_run(solved.run)
    with pytest.raises(ConfigError, match="model=ease has no vectors"):
        run.user_embeddings()
    assert run.scores(run.user_ids[:3]).shape == (3, len(run.item_ids))
    assert len(run.history) == 0
    assert "loss" in run.history


def test_reading_changes_nothing(trained: Finished) -> None:
    def state() -> dict[Path, tuple[int, bytes]]:
        files = [path for path in trained.run.rglob("*") if path.is_file()]
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before, threads = state(), torch.get_num_threads()
    run = load_run(trained.run)
    run.recommend(k=2)
    _ = run.ranks, run.train, run.test, run.valid, run.history, run.scores()
    assert state() == before
    assert torch.get_num_threads() == threads
    for array in (run.user_embeddings(), run.item_embeddings(), run.user_ids, run.item_ids):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda run: run.scores(["nobody"]), "user 'nobody' is unknown"),
        (lambda run: run.embedding_of(item="nothing"), "item 'nothing' is unknown"),
        (lambda run: run.embedding_of(), "takes user=ID or item=ID"),
        (lambda run: run.embedding_of(user=1, item=1), "takes user=ID or item=ID"),
        (lambda run: run.similar_items("nothing"), "unknown to this run.*'nothing'"),
        (lambda run: run.recommend("nobody"), "unknown to this run.*'nobody'"),
        (lambda run: run.recommend([]), "users has no ids"),
        (lambda run: run.recommend(1, items=1), "remove users and cold"),
        (lambda run: run.recommend(k=0), "k must be at least 1"),
        (lambda run: load_run(run.path, device="gpu"), "device must be"),
        (lambda run: load_run(run.path, num_threads=0), "num_threads must be at least 1"),
        (lambda run: load_run(run.path, "seed=1"), "cannot change 'seed=1'"),
        (lambda run: load_run(run.path, "model.similarity=dots"), "model.similarity"),
        (lambda run: load_run(run.path / "nowhere"), "there is no such folder"),
        (lambda run: load_run(output_dir=run.path), "no run directory under"),
    ],
)
def test_wrong_arguments_are_errors_of_one_line(run: Run, ask: object, message: str) -> None:
    assert callable(ask)
    with pytest.raises(ConfigError, match=message) as refused:
        ask(run)
    assert "\n" not in str(refused.value)


def test_k_above_the_catalog_is_refused(run: Run) -> None:
    with pytest.raises(DataError, match="k=1000 is more than"):
        run.recommend(k=1000)


def test_latest_is_the_newest_run(trained: Finished) -> None:
    assert load_run(output_dir=trained.run.parent).path == trained.run
    assert load_run(trained.run / "config.json").path == trained.run


def test_an_unfinished_run_shows_what_it_has(trained: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained.run, tmp_path / "going"))
    (folder / "metrics.json").unlink()
    shutil.rmtree(folder / "checkpoints")
    status = read_json(folder / "status.json") | {"status": "running"}
    (folder / "status.json").write_text(json.dumps(status), "utf-8")
    with (folder / "history.jsonl").open("a") as history:
        history.write('{"epoch": 3, "st')  # a line that is being written
    run = load_run(folder)
    assert run.state == "interrupted"
    assert len(run.history) == 2
    with pytest.raises(OutputError, match=r"metrics\.json"):
        _ = run.metrics
    with pytest.raises(OutputError, match=r"no checkpoints/best\.pt: the run is interrupted"):
        run.scores()


@pytest.mark.parametrize(
    "words", ["import graphrec_cli", "from graphrec_cli.cli import main"], ids=str
)
@pytest.mark.slow
def test_the_import_is_light(words: str) -> None:
    heavy = "{'torch', 'numpy', 'pandas', 'hydra'} & set(sys.modules)"
    code = f"import sys; {words}; print({heavy} or 'light')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "light"


def test_the_package_has_no_other_names() -> None:
    assert {"Run", "load_run", "train"} <= set(dir(graphrec_cli))
    with pytest.raises(AttributeError, match="no attribute 'lode_run'"):
        _ = graphrec_cli.lode_run  # type: ignore[attr-defined]
