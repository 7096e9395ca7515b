"""``graphrec evaluate``: the figures of metrics.json again, to the last digit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graphrec_cli.models.chebycf import ChebyCF
from graphrec_cli.models.ease import EASE
from graphrec_cli.models.gfcf import GFCF
from graphrec_cli.models.itemknn import ItemKNN
from graphrec_cli.system import free_memory
from graphrec_cli.training.checkpoints.file import load_checkpoint


@pytest.fixture
def run(trained: Any, tmp_path: Path) -> Path:
    """A copy of the trained run, in a folder whose name has an equals sign."""
    return Path(shutil.copytree(trained.run, tmp_path / "runs=1" / "mine"))


def metrics_of(run: Path) -> dict[str, Any]:
    content = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("part", ["test", "valid"])
def test_the_same_figures(part: str, run: Path, graphrec: Callable[..., Any]) -> None:
    done = graphrec("evaluate", str(run), f"part={part}", "--json")
    result = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert result[part] == metrics_of(run)[part]
    assert result["counts"] == metrics_of(run)["counts"][part]
    if part == "test":
        assert result["beyond_accuracy"] == metrics_of(run)["beyond_accuracy"]["test"]


def test_the_run_directory_is_all_that_it_needs_and_stays_as_it_is(
    trained: Any, run: Path, graphrec: Callable[..., Any]
) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    done = graphrec("evaluate", "latest", f"output_dir={run.parent}")
    assert done.code == 0
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    assert list(done.folder.iterdir()) == [run.parent]
    ndcg = metrics_of(run)["test"]["ndcg@5"]
    assert f"{ndcg:.4f}" in done.out


def test_other_cut_offs_and_ties(run: Path, graphrec: Callable[..., Any]) -> None:
    done = graphrec(
        "evaluate", str(run), "evaluation.ks=[1,20]", "evaluation.ties=pessimistic", "--json"
    )
    result = json.loads(done.out)["test"]
    assert {"hit@1", "hit@20"} < set(result)
    assert result["hit@1"] <= metrics_of(run)["test"]["hit@5"] <= result["hit@20"]
    assert result["mrr"] == metrics_of(run)["test"]["mrr"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "one run directory"),
        (["latest", "latest"], "one run directory"),
        (["RUN", "--jsn"], "no flag '--jsn'; did you mean '--json'?"),
        (["/nowhere"], "there is no such folder"),
        (["latest"], "no run directory under outputs"),
        (["RUN", "part=train"], "part must be test or valid"),
        (["RUN", "trainer.epochs=5"], "cannot change 'trainer.epochs=5'"),
        (["RUN", "evaluation.kss=[5]"], "unknown key 'evaluation.kss'"),
        (["RUN", "evaluation.ks=[0]"], "evaluation.ks must be"),
        (["RUN", "devices=cpu"], "devices"),
        (["RUN", f"evaluation.k{'s' * 280}=[5]"], "unknown key 'evaluation.kss"),
        (["RUN", f"evaluation.ks=[{'9' * 300}]"], "evaluation.ks must be at most"),
        (["RUN", f"evaluation.ks=[{'9' * 5000}]"], "evaluation.ks"),
        (["RUN", f"part={'x' * 300}"], "part must be test or valid"),
    ],
)
def test_wrong_usage(
    words: list[str], message: str, run: Path, graphrec: Callable[..., Any]
) -> None:
    done = graphrec("evaluate", *(str(run) if word == "RUN" else word for word in words))
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert message in done.err


@pytest.mark.slow
def test_the_embeddings_can_be_compared_otherwise(run: Path, graphrec: Callable[..., Any]) -> None:
    def metrics(*words: str) -> Any:
        done = graphrec("evaluate", str(run), *words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)["test"]

    cosine = metrics("model.similarity=cosine")
    assert cosine != metrics_of(run)["test"]
    assert metrics("model.item_norm_power=0") == pytest.approx(cosine, abs=2e-3)
    assert metrics("model.item_norm_power=1") == metrics_of(run)["test"]


@pytest.mark.slow
def test_what_was_changed_is_said(run: Path, graphrec: Callable[..., Any]) -> None:
    words = ["model.item_norm_power=0.5", "evaluation.ks=[5]"]
    first = graphrec("evaluate", str(run), *words).out.splitlines()[0]
    assert first.endswith(f"users of {run}, with {' '.join(words)}")
    said = json.loads(graphrec("evaluate", str(run), *words, "--json").out)
    assert said["overrides"] == words
    assert graphrec("evaluate", str(run)).out.splitlines()[0].endswith(f"users of {run}")
    assert "overrides" not in json.loads(graphrec("evaluate", str(run), "--json").out)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("config.json", b"{}", 2),
        ("data.npz", b"", 1),
        ("data.npz", b"PK\x03\x04 cut", 1),
        ("checkpoints/best.pt", b"", 1),
        ("checkpoints/best.pt", b"\x80\x04K\x01.", 1),
        ("checkpoints/best.pt", None, 1),
    ],
)
def test_a_damaged_run_is_refused_by_the_name_of_the_file(
    name: str, content: bytes | None, code: int, run: Path, graphrec: Callable[..., Any]
) -> None:
    if content is None:
        (run / name).unlink()
    else:
        (run / name).write_bytes(content)
    done = graphrec("evaluate", str(run))
    assert (done.code, done.out, len(done.err.splitlines())) == (code, "", 1)
    assert name in done.err
    assert "Traceback" not in done.err


def test_a_checkpoint_of_another_model_is_refused(run: Path, graphrec: Callable[..., Any]) -> None:
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    config["model"]["embedding_dim"] += 1
    (run / "config.json").write_text(json.dumps(config), encoding="utf-8")
    done = graphrec("evaluate", str(run))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "does not fit" in done.err


@pytest.mark.parametrize("model", ["itemknn", "ease", "gfcf", "chebycf"])
def test_a_solved_model_is_read_and_not_solved_again(
    model: str, graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = graphrec("train", f"model={model}", "plots=false").run
    for kind in (ItemKNN, EASE, GFCF, ChebyCF):
        monkeypatch.setattr(kind, "solve", lambda model: pytest.fail("it was solved again"))
    done = graphrec("evaluate", str(run), "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["test"] == metrics_of(run)["test"]


def test_a_checkpoint_with_neighbours_that_are_no_items_is_refused(
    graphrec: Callable[..., Any],
) -> None:
    best = graphrec("train", "model=itemknn", "plots=false").run / "checkpoints" / "best.pt"
    content = load_checkpoint(best, torch.device("cpu"))
    content["model"]["neighbor"][0, 0] = 10**9
    torch.save(content, best)
    done = graphrec("evaluate", str(best.parents[1]))
    assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert "neighbours that are no items" in done.err


def test_a_checkpoint_larger_than_the_free_memory_is_not_read(
    run: Path, graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda device: 1000)
    done = graphrec("evaluate", str(run))
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert "best.pt needs" in done.err


def test_help(graphrec: Callable[..., Any]) -> None:
    done = graphrec("evaluate", "--help")
    assert done.code == 0
    assert "Examples:" in done.out


def test_a_run_that_failed_says_how(run: Path, graphrec: Callable[..., Any]) -> None:
    (run / "checkpoints" / "best.pt").unlink()
    status = {"status": "failed", "error": "the loss became nan", "time": "now"}
    (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    done = graphrec("evaluate", str(run))
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert "this run failed: the loss became nan" in done.err
    (run / "status.json").unlink()
    assert "unknown status" in graphrec("evaluate", str(run)).err


def test_weights_of_a_run_that_has_not_ended_come_with_a_warning(
    run: Path, graphrec: Callable[..., Any]
) -> None:
    before = graphrec("evaluate", str(run))
    status = {"status": "interrupted", "error": None, "time": "now"}
    (run / "status.json").write_text(json.dumps(status), encoding="utf-8")
    done = graphrec("evaluate", str(run))
    assert (before.err, done.out) == ("", before.out)
    assert done.err == (
        f"warning: {run}: this run is interrupted; its best weights so far are used\n"
    )


def test_it_uses_the_threads_that_it_is_given(run: Path, graphrec: Callable[..., Any]) -> None:
    before = torch.get_num_threads()
    try:
        for number in (3, 1):
            assert graphrec("evaluate", str(run), f"num_threads={number}").code == 0
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(before)


def test_a_run_may_be_named_by_its_config(run: Path, graphrec: Callable[..., Any]) -> None:
    by_folder = graphrec("evaluate", str(run), "json=true")
    by_config = graphrec("evaluate", str(run / "config.json"), "--json")
    assert (by_config.code, by_config.out) == (0, by_folder.out)


def test_debug_adds_the_traceback_and_keeps_the_code(graphrec: Callable[..., Any]) -> None:
    done = graphrec("evaluate", "/nowhere", "--debug")
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.splitlines()[-1].startswith("error: /nowhere is not a run directory")
