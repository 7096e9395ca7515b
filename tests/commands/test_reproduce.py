"""``graphrec reproduce``: the same figures and weights, or a verdict on the difference."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import read_json as read

from graphrec_cli.training.checkpoints.file import load_checkpoint


@pytest.fixture
def run(trained: Any, tmp_path: Path) -> Path:
    """A copy of the trained run."""
    return Path(shutil.copytree(trained.run, tmp_path / "runs" / "mine"))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table in a data folder: 20 users with 5 of 12 items each."""
    path = tmp_path / "data" / "mine.csv"
    path.parent.mkdir()
    pairs = [f"u{user},i{item % 12}" for user in range(20) for item in range(user, user + 5)]
    path.write_text("\n".join(["user_id,item_id", *pairs, ""]))
    return path


@pytest.fixture
def of_table(table: Path, small: tuple[str, ...], full_size: Callable[..., Any]) -> Path:
    """A run on that table."""
    done = full_size("train", "dataset=table", "dataset.path=mine.csv", *small)
    assert done.code == 0, done.err
    return Path(done.run)


def edit(path: Path, **entries: Any) -> None:
    path.write_text(json.dumps(read(path) | entries), encoding="utf-8")


def test_every_figure_and_the_weights_are_the_same(run: Path, graphrec: Callable[..., Any]) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    done = graphrec("reproduce", str(run))
    assert done.code == 0, done.err
    assert "reproduced: every figure and the weights, bit for bit" in done.out
    assert done.run.parent == done.folder / "outputs"
    assert (done.run / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


MODELS = [
    ("model=popularity",),
    ("model=itemknn",),
    ("model=ease",),
    ("model=gfcf",),
    ("model=chebycf",),
    ("sampler=hardneg", "split.by=time", "split.valid=0"),
    ("model=lightgcn_rating", "loss=mse", "evaluation=rating", "split=ratio"),
]


@pytest.mark.slow
@pytest.mark.parametrize("words", MODELS)
def test_every_kind_of_run_is_reproduced(
    words: tuple[str, ...], full_size: Callable[..., Any], tmp_path: Path
) -> None:
    rows = [
        f"{user},{item % 15},{1 + item % 5},{1000 + item}"
        for user in range(30)
        for item in range(user, user + 6)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["user,item,rating,timestamp", *rows, ""]))
    monitor = () if "evaluation=rating" in words else ("trainer.monitor=ndcg@5",)
    epochs = ("trainer.epochs=2",) if len(words) > 1 else ()  # others are not trained
    tiny = ("dataset=table", "dataset.path=t.csv", "evaluation.ks=[5]", *epochs)
    first = full_size("train", *tiny, *words, *monitor, "plots=false")
    assert first.code == 0, first.err
    done = full_size("reproduce", "latest", "--json")
    assert json.loads(done.out)["verdict"] == "reproduced"
    assert done.code == 0


@pytest.mark.slow
def test_for_machines(run: Path, graphrec: Callable[..., Any]) -> None:
    result = json.loads(graphrec("reproduce", str(run), "--json").out)
    assert result["verdict"] == "reproduced"
    assert result["intended"] == result["surroundings"] == result["differences"] == {}
    assert result["figures_compared"] > 30
    recorded = read(run / "metrics.json")["weights_sha256"]
    assert result["weights_sha256"] == {"was": recorded, "now": recorded}


@pytest.mark.slow
def test_a_figure_that_differs_in_its_last_bit_is_found(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    metrics = read(run / "metrics.json")
    old = metrics["test"]["ndcg@5"]
    metrics["test"]["ndcg@5"] = old * (1 + 2**-52)
    edit(run / "metrics.json", **metrics)
    done = graphrec("reproduce", str(run), "--json")
    assert done.code == 4
    result = json.loads(done.out)
    assert result["verdict"] == "different"
    assert list(result["differences"]) == ["test.ndcg@5"]
    assert result["differences"]["test.ndcg@5"]["now"] == old


@pytest.mark.slow
def test_weights_that_differ_are_found(run: Path, graphrec: Callable[..., Any]) -> None:
    best = run / "checkpoints" / "best.pt"
    content = load_checkpoint(best, torch.device("cpu"))
    content["model"]["layer0_embeddings"][0, 0] += 1
    torch.save(content, best)
    done = graphrec("reproduce", str(run))
    assert done.code == 4
    assert "the weights are different" in done.out
    assert "not reproduced" in done.out


@pytest.mark.slow
def test_a_figure_that_is_gone_or_of_another_type_differs(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    metrics = read(run / "metrics.json")
    edit(run / "metrics.json", selected_epoch=float(metrics["selected_epoch"]), extra=1)
    done = graphrec("reproduce", str(run), "--json")
    assert done.code == 4
    assert set(json.loads(done.out)["differences"]) == {"selected_epoch", "extra"}


@pytest.mark.slow
def test_another_release_is_said(run: Path, graphrec: Callable[..., Any]) -> None:
    packages = read(run / "environment.json")["packages"] | {"torch": "1.0"}
    edit(run / "environment.json", packages=packages)
    done = graphrec("reproduce", str(run))
    assert done.code == 0
    assert f"packages.torch  1.0  {torch.__version__.split('+')[0]}" in done.out


@pytest.mark.slow
def test_overrides_are_listed_and_nothing_is_claimed(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    done = graphrec("reproduce", str(run), "trainer.epochs=1", "sampler=uniform")
    assert done.code == 0
    assert "trainer.epochs" in done.out
    assert "test.ndcg@5" in done.out
    assert "no verdict" in done.out
    assert read(done.run / "config.json")["choices"]["sampler"] == "uniform"


@pytest.mark.slow
def test_another_seed_or_data_set_is_an_intended_difference(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    result = json.loads(graphrec("reproduce", str(run), "seed=8", "--json").out)
    assert (result["verdict"], list(result["intended"])) == ("not_claimed", ["seed"])


@pytest.mark.slow
def test_a_run_made_elsewhere_is_reproduced_from_another_folder_of_data(
    of_table: Path, table: Path, full_size: Callable[..., Any], tmp_path: Path
) -> None:
    elsewhere = Path(shutil.copytree(of_table, tmp_path / "copied"))
    shutil.move(table.parent, tmp_path / "moved")
    edit(elsewhere / "config.json", data_dir="not_here/data", output_dir="not_here/outputs")
    done = full_size("reproduce", str(elsewhere), "data_dir=moved", "output_dir=new")
    assert done.code == 0, done.err
    assert "bit for bit" in done.out
    assert done.run.parent == tmp_path / "new"


CHANGES = [
    pytest.param("u3,i3", "u3,i11", id="another item"),
    pytest.param("u3,i3", "u3", id="a row that cannot be read"),
    pytest.param("u3,i3\n", "", id="no row"),
    pytest.param("user_id,", "item_id,", id="no header"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), CHANGES)
@pytest.mark.parametrize("words", [(), ("trainer.epochs=2",)])
def test_a_changed_row_ends_it_before_training(
    old: str,
    new: str,
    words: tuple[str, ...],
    of_table: Path,
    table: Path,
    full_size: Callable[..., Any],
) -> None:
    table.write_text(table.read_text().replace(old, new, 1))
    done = full_size("reproduce", str(of_table), *words)
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("error: data/mine.csv changed since the run")
    assert len(done.err.splitlines()) == 1


@pytest.mark.slow
def test_other_files_in_the_place_of_the_old_ones_are_found_once_they_are_read(
    of_table: Path, table: Path, full_size: Callable[..., Any]
) -> None:
    table.rename(table.parent / "other.csv")
    table.parent.joinpath("other.csv").write_text(
        table.parent.joinpath("other.csv").read_text().replace("u3,i3", "u3,i11")
    )
    environment = read(of_table / "environment.json")
    environment["data_files"][0]["path"] = "gone/mine.csv"
    edit(of_table / "environment.json", **environment)
    table.parent.joinpath("other.csv").rename(table)
    done = full_size("reproduce", str(of_table))
    assert done.code == 4
    assert "error: data/mine.csv changed since the run" in done.err
    assert read(done.run / "status.json")["status"] == "failed"
    assert not (done.run / "history.jsonl").exists()


def test_another_split_of_the_same_files_ends_it(
    of_table: Path, full_size: Callable[..., Any]
) -> None:
    edit(of_table / "environment.json", split_hash="0" * 64)
    done = full_size("reproduce", str(of_table))
    assert done.code == 4
    assert "the split differs from that of the run" in done.err


def test_a_new_run_that_fails_ends_with_its_own_code(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    done = graphrec("reproduce", str(run), "trainer.learning_rate=1e38")
    assert done.code == 5
    assert read(done.run / "status.json")["status"] == "failed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "reproduce takes one run directory"),
        (["RUN", "-m"], "reproduce takes one run directory"),
        (["nothing"], "nothing is not a run directory"),
        (["RUN", "trainer.epoch=3"], "did you mean 'trainer.epochs'?"),
        (["RUN", "trainer.epochs=0"], "trainer.epochs must be"),
        (["RUN", "sampler=unifrom"], "did you mean 'uniform'?"),
        (["RUN", "seed=1,2"], "has several values; sweep over them with -m"),
        (["RUN", "experiment=goodbooks_hardneg"], "reproduce cannot change"),
        (["RUN", "+seed=1"], "reproduce cannot change"),
    ],
)
def test_wrong_usage(
    words: list[str], message: str, run: Path, graphrec: Callable[..., Any]
) -> None:
    done = graphrec("reproduce", *(str(run) if word == "RUN" else word for word in words))
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert message in done.err
    assert not (done.folder / "outputs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("metrics.json", 2, "has no metrics.json to compare with"),
        ("environment.json", 1, "cannot read"),
        ("checkpoints/best.pt", 1, "cannot read the checkpoint"),
    ],
)
def test_a_run_that_lacks_a_file_is_refused(
    name: str, code: int, message: str, run: Path, graphrec: Callable[..., Any]
) -> None:
    (run / name).unlink()
    done = graphrec("reproduce", str(run))
    assert (done.code, len(done.err.splitlines())) == (code, 1)
    assert message in done.err
    assert not (done.folder / "outputs").exists()


def test_help(graphrec: Callable[..., Any]) -> None:
    done = graphrec("reproduce", "--help")
    assert (done.code, done.out.startswith("Make a completed run again")) == (0, True)
