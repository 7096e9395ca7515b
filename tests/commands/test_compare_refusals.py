"""``graphrec compare`` refuses runs that cannot be paired, and names what it leaves out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import Finished, call
from builders import read_json as read
from comparisons import COMPARED, judged_folder, runs_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema_version": 2}, "'schema_version' must be 1"),
        ({"name": 7}, "'name' must be a text"),
        ({"ks": []}, "'ks' must be a list"),
        ({"ks": [True]}, "'ks' must be a list"),
        ({"map_denominator": "mean"}, "'map_denominator' must be min or held_out"),
        ({"split_hash": None}, "'split_hash' must be a text"),
    ],
)
def test_malformed_judged_lists_are_named(
    two_samplers: Finished, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    run = two_samplers.folder / runs_of(two_samplers)[0]
    theirs = judged_folder(run, tmp_path / "theirs", **changed)
    done = call(two_samplers.folder, "compare", str(run), str(theirs))
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert "judged.json" in done.err
    assert len(done.err.splitlines()) == 1


def test_what_lists_cannot_tell_is_refused(two_samplers: Finished, tmp_path: Path) -> None:
    run = two_samplers.folder / runs_of(two_samplers)[0]
    theirs = judged_folder(run, tmp_path / "theirs")
    elsewhere = judged_folder(run, tmp_path / "elsewhere", split_hash="f" * 64)
    by_held_out = judged_folder(run, tmp_path / "held_out", map_denominator="held_out")
    for words, message in (
        ((str(theirs), "metric=ndcg@10"), "was judged at 5 at most"),
        ((str(theirs), "part=valid"), "has lists that were judged on test, not on valid"),
        ((str(elsewhere),), "different splits (split hashes"),
        ((str(by_held_out),), "different denominators of map (min and held_out)"),
    ):
        done = call(two_samplers.folder, "compare", str(run), *words)
        assert (done.code, done.out) == (2, ""), done.err
        assert message in done.err
    outside = tmp_path / "outside"
    judged_folder(run, outside)
    (outside / "ranks.npz").unlink()
    (outside / "ranks.npz").symlink_to(run / "ranks.npz")
    done = call(two_samplers.folder, "compare", str(run), str(outside))
    assert done.code == 2
    assert "link that points outside" in done.err


def test_runs_that_cannot_be_paired_are_refused(two_samplers: Finished, tmp_path: Path) -> None:
    first = runs_of(two_samplers)[0]
    made = {}
    for name, words in {
        "split": ("split.seed=2",),
        "ties": ("split.seed=1", "evaluation.ties=pessimistic"),
        "monitor": ("split.seed=1", "trainer.monitor=mrr"),
    }.items():
        done = call(tmp_path, "train", *COMPARED, *words)
        assert done.code == 0, done.err
        made[name] = str(done.run)
    for words, message in (
        ((first,), "these are 1 run of one configuration, which makes one entry; name another run"),
        ((*runs_of(two_samplers)[:2],), "or set groups=false to keep seeds apart"),
        ((first, made["split"]), "(split.seed=1 and 2), so their users cannot be paired"),
        (
            (first, made["ties"]),
            "are ranked in different ways (evaluation.ties=pessimistic and random)",
        ),
        ((first, made["monitor"]), "name the metric that ranks them, as in metric=ndcg@5"),
        ((first, made["split"], "metric=ndgc@5"), "metric must be one of"),
        ((first, made["split"], "metrics=hit"), "metrics must be one of"),
        ((first, "nowhere"), "nowhere is not a run directory"),
        ((first, "margin=-1"), "margin must be a number between 0 and 1e+06, got '-1'"),
        ((first, "margin=abc"), "got 'abc'; 1% is a share of the best entry's mean"),
        ((first, "confidence=95"), "confidence must be a number between 0.5 and 1"),
        ((first, "resamples=10"), "resamples must be a whole number from 100 to 1,000,000"),
        ((first, "test=t"), "test must be randomisation or wilcoxon"),
        ((first, "out=of.txt"), "out=of.txt must end in .csv or .json or .md or .tex"),
        ((first, "html=no/of.html"), "the folder no does not exist"),
        ((first, "metric=ndcg@50", made["monitor"]), "only"),
        ((), "compare takes run directories"),
    ):
        done = call(two_samplers.folder, "compare", *words)
        assert (done.code, done.out) == (3 if message == "only" else 2, ""), (words, done.err)
        assert message in done.err, done.err
        assert len(done.err.splitlines()) == 1


def test_a_repeat_is_no_further_seed(two_samplers: Finished, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(two_samplers.folder / runs_of(two_samplers)[0], tmp_path / "copy"))
    done = call(two_samplers.folder, "compare", str(two_samplers.run), str(copy), "--json")
    assert done.code == 0, done.err
    assert "is left out" in done.err
    assert [len(entry["runs"]) for entry in json.loads(done.out)["entries"]] == [2, 2]


def test_damaged_runs_are_named(two_samplers: Finished, tmp_path: Path) -> None:
    runs = runs_of(two_samplers)
    copies = {
        name: Path(shutil.copytree(two_samplers.folder / runs[-1], tmp_path / name))
        for name in ("ranks", "history", "pairs", "hash")
    }
    (copies["ranks"] / "ranks.npz").unlink()
    (copies["history"] / "history.jsonl").write_text('{"epoch": 1, "loss": "low"}\n')
    (copies["hash"] / "environment.json").write_text('{"split_hash": 1}')
    with np.load(copies["pairs"] / "ranks.npz") as arrays:
        fewer = {name: arrays[name][1:] for name in arrays.files}
    np.savez(copies["pairs"] / "ranks.npz", allow_pickle=False, **fewer)
    for name, code, message in (
        ("ranks", 1, "has no ranks.npz: the run is completed"),
        ("history", 1, "history.jsonl: line 1: 'step' must be a whole number"),
        ("pairs", 2, "have ranks of other pairs"),
        ("hash", 1, "'split_hash' a string"),
    ):
        done = call(two_samplers.folder, "compare", runs[0], str(copies[name]))
        assert (done.code, done.out) == (code, ""), done.err
        assert message in done.err
        assert len(done.err.splitlines()) == 1


def test_ratings_are_refused(tmp_path: Path) -> None:
    rows = [f"u{u},i{(u * s) % 23},{1 + s % 5}" for u in range(30) for s in range(8)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *dict.fromkeys(rows)]))
    words = ["dataset=table", "dataset.path=r.csv", "model=lightgcn_rating", "loss=mse"]
    words += ["evaluation=rating", "evaluation.ks=[5]", "trainer.epochs=1", "plots=false"]
    done = call(tmp_path, "train", *words, "num_threads=1")
    assert done.code == 0, done.err
    refused = call(tmp_path, "compare", "latest", str(done.run))
    assert (refused.code, refused.out) == (2, "")
    assert "has evaluation=rating, and compare pairs users by their ranks" in refused.err


def test_a_sweep_without_all_of_its_runs(two_samplers: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(two_samplers.run, tmp_path / two_samplers.run.name))
    for run in sorted(folder.glob("*/status.json"))[1:3]:
        run.write_text(json.dumps({**read(run), "status": "failed", "error": "no"}))
    done = call(tmp_path, "compare", str(folder), "--json")
    assert done.code == 0, done.err
    assert "2 of its 4 runs are not completed and left out" in done.err
    assert [len(entry["runs"]) for entry in json.loads(done.out)["entries"]] == [1, 1]
    for run in folder.glob("*/status.json"):
        run.write_text(json.dumps({**read(run), "status": "failed", "error": "no"}))
    none = call(tmp_path, "compare", str(folder))
    assert none.code == 2
    assert "has no completed run" in none.err
