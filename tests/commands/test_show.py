"""``graphrec show``: one run at a glance, whatever its state and its model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from builders import TINY, TINY_DATA, Command, Finished, call, read_json
from made_runs import config_of, make_run

ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"
SOLVED = ("train", *TINY_DATA, "trainer.monitor=ndcg@5", "evaluation.ks=[5]", "num_threads=1")


def page(run: Path, folder: Path) -> dict[str, Any]:
    """What ``show --json`` says of a run."""
    done = call(folder, "show", str(run), "--json")
    assert done.code == 0, done.err
    content = json.loads(done.out)
    assert isinstance(content, dict)
    return content


def table_row(text: str, metric: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{metric} ")]
    return line.split()[1:]


def test_a_trained_run(trained: Finished) -> None:
    metrics = read_json(trained.run / "metrics.json")
    shown = call(trained.folder, "show", "latest").out
    header = next(line for line in shown.splitlines() if line.startswith("metric"))
    others = ["popularity", "ceiling"]
    floor, best = metrics["floor"], metrics["baselines"]
    assert header.split() == [
        "metric",
        "valid",
        *metrics["baselines_valid"],
        floor["model"],
        "test",
        *others,
    ]
    figures = [metrics["valid"], *metrics["baselines_valid"].values(), {"ndcg@5": floor["valid"]}]
    figures += [metrics["test"], *(best[name] for name in others)]
    assert table_row(shown, "ndcg@5") == [f"{of['ndcg@5']:.4f}" for of in figures]
    for line in ("state      completed", "model      lightgcn", "data set   synthetic"):
        assert line in shown.splitlines()
    assert "seed 7" in shown
    assert "2 of at most 2" in shown
    for file in trained.run.rglob("*"):
        if file.is_file():
            assert f"\n{file.relative_to(trained.run)} " in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_values_that_the_run_has_set(trained: Finished) -> None:
    changes = page(trained.run, trained.folder)["changes"]
    assert {change["key"]: (change["value"], change["option"]) for change in changes} == {
        "dataset.num_users": ("60", "2200"),
        "dataset.num_items": ("40", "1600"),
        "dataset.mean_interactions": ("8.0", "60.0"),
        "trainer.monitor": ("ndcg@5", "null"),
        "trainer.epochs": ("2", "30"),
        "evaluation.ks": ("[5]", "[10,20,50]"),
        "seed": ("7", "42"),
    }


def test_machines_read_the_same_figures(trained: Finished) -> None:
    content, metrics = page(trained.run, trained.folder), read_json(trained.run / "metrics.json")
    lines = (trained.run / "history.jsonl").read_text("utf-8").splitlines()
    assert content["history"] == list(map(json.loads, lines))
    for key in ("valid", "test", "baselines", "baselines_valid", "floor", "counts", "monitor"):
        assert content[key] == metrics[key]
    assert content["selected_epoch"] == metrics["selected_epoch"]
    assert content["unread"] == []
    sizes = {file["name"]: file["size"] for file in content["files"]}
    assert sizes["data.npz"] == (trained.run / "data.npz").stat().st_size


def test_a_model_that_is_not_trained_has_no_curves(graphrec: Command) -> None:
    done = graphrec(*SOLVED, "model=ease", "plots=false")
    shown = graphrec("show", str(done.run)).out
    assert "epochs     none: the model is not trained" in shown
    assert "training loss" not in shown
    assert len(table_row(shown, "ndcg@5")) == 4  # valid, test, popularity, ceiling


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "columns"), [("split.test=0", ["valid"]), ("split.valid=0", ["test"])]
)
def test_a_part_that_is_missing(word: str, columns: list[str], graphrec: Command) -> None:
    done = graphrec("train", *TINY, word, "evaluation.floor=null")
    shown = graphrec("show", str(done.run)).out
    header = next(line for line in shown.splitlines() if line.startswith("metric"))
    assert header.split()[1] == columns[0]
    assert ({"valid", "test"} - {*columns}).isdisjoint(header.split())
    assert ("valid ndcg@5:" in shown) is (columns == ["valid"])


@pytest.mark.slow
def test_a_rating_run(tmp_path: Path) -> None:
    rows = [f"u{u},i{(u * s) % 23},{1 + s % 5}" for u in range(30) for s in range(8)]
    (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating", *dict.fromkeys(rows)]))
    words = ("dataset=table", "dataset.path=ratings.csv", "model=lightgcn_rating", "loss=mse")
    more = ("evaluation=rating", "evaluation.ks=[5]", "trainer.epochs=2", "num_threads=1")
    done = call(tmp_path, "train", *words, *more, "plots=false")
    shown = call(tmp_path, "show", "latest").out
    header = next(line for line in shown.splitlines() if line.startswith("metric"))
    assert header.split() == ["metric", *("valid", "mean", "bias"), *("test", "mean", "bias")]
    metrics = read_json(done.run / "metrics.json")
    assert table_row(shown, "rmse")[1] == f"{metrics['baselines_valid']['mean']['rmse']:.4f}"
    assert "selected by valid rmse" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ("failed", "the disk is full", "failed: the disk is full"),
        ("pruned", "behind others", "pruned: behind others"),
        ("running", None, "interrupted: its process was killed"),
        ("interrupted", None, "interrupted"),
        ("interrupted", "interrupted: resume it", "interrupted: resume it"),
    ],
)
def test_a_run_that_is_not_completed(
    state: str, error: str | None, said: str, trained: Finished, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained.run, tmp_path / "outputs" / "r"))
    (run / "metrics.json").unlink()
    status = {"status": state, "error": error, "time": "2026-01-31_12-00-00"}
    (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    done = call(tmp_path, "show", "latest")
    assert (done.code, done.err) == (0, "")
    assert f"state      {said}\n" in done.out
    rows = map(json.loads, (run / "history.jsonl").read_text("utf-8").splitlines())
    best = max(row["valid"]["ndcg@5"] for row in rows)
    assert table_row(done.out, "ndcg@5") == [f"{best:.4f}"]
    assert "is the best so far" in " ".join(done.out.split())


def test_a_run_that_has_just_begun(tmp_path: Path) -> None:
    run = make_run(tmp_path / "outputs" / "r", state="running")
    (run / "environment.json").unlink()
    done = call(tmp_path, "show", str(run))
    assert done.code == 0
    assert "no valid or test figures" in done.out
    # Its config.json is not a whole one.
    assert "not read: " in " ".join(done.out.split())


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_curves_need_no_more_than_the_encoding_has(
    encoding: str, trained: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphrec_cli.reporting import terminal_curves

    monkeypatch.setattr(
        terminal_curves,
        "can_show_dots",
        lambda _, can=terminal_curves.can_show_dots: can(encoding),
    )
    shown = call(trained.folder, "show", str(trained.run)).out
    assert "training loss: " in shown
    assert shown.isascii() is (encoding != "utf-8")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("history.jsonl", "{}\n"),
        ("history.jsonl", '{"epoch": 1}\n' * 3),
        ("history.jsonl", "[" * 100_000 + "\n"),
        ("metrics.json", '{"counts": {"test": {"pairs_held_out": 3}}, "baselines": 7}'),
        ("metrics.json", '{"counts": {"test": {"few_candidates@x": 3}}, "floor": [1]}'),
        ("metrics.json", '{"baselines": {"' + "x" * 200 + '": {"a": 1}}, "selected_epoch": "1"}'),
        ("environment.json", '{"command": [[1], {}], "git": 3, "num_threads": {}}'),
        ("environment.json", "\0"),
        ("config.json", "{"),
    ],
)
def test_what_cannot_be_read_is_named(
    file: str, text: str, trained: Finished, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(trained.run, tmp_path / "outputs" / "r"))
    (run / file).write_text(text, encoding="utf-8")
    for words in ((), ("--json",)):
        done = call(tmp_path, "show", "outputs/r", *words)
        assert done.code == 0, done.err
        assert "Traceback" not in done.err
    content = json.loads(done.out)
    named = " ".join([content["error"] or "", *content["unread"]])
    wrong = "x" * 200 not in text and "command" not in text
    assert (file in named) is wrong


def test_texts_of_a_run_cannot_write_on_the_terminal(trained: Finished, tmp_path: Path) -> None:
    run = Path(shutil.copytree(trained.run, tmp_path / "outputs" / f"r{ESCAPE}"))
    config = read_json(run / "config.json")
    config["choices"]["model"] = ESCAPE
    config["trainer"]["monitor"] = "ndcg@5"
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
    metrics = read_json(run / "metrics.json")
    metrics["test"][ESCAPE] = 1.0
    metrics["baselines"][ESCAPE] = {ESCAPE: 1.0}
    metrics["floor"] = {"model": ESCAPE, "metric": ESCAPE, "valid": 1, "models": {}}
    (run / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    hostile = {"device": ESCAPE, "graphrec": ESCAPE, "git": {"commit": ESCAPE}, "command": [ESCAPE]}
    (run / "environment.json").write_text(json.dumps(hostile), encoding="utf-8")
    status = {"status": "failed", "error": ESCAPE * 1000, "time": ESCAPE}
    (run / f"x{ESCAPE}").touch()
    for state in ("completed", "failed"):
        (run / "status.json").write_text(json.dumps(status | {"status": state}), encoding="utf-8")
        done = call(tmp_path, "show", "latest")
        assert done.code == 0, done.err
        assert all(line.isprintable() for line in (done.out + done.err).splitlines())


def test_wrong_words(tmp_path: Path) -> None:
    make_run(tmp_path / "outputs" / "r", config=config_of())
    for words, said in (
        ([], "show takes one run directory"),
        (["latest", "part=test"], "show cannot change 'part=test'"),
        (["absent"], "absent is not a run directory"),
        (["latest", "output_dir=absent"], "no run directory under absent"),
    ):
        done = call(tmp_path, "show", *words)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
