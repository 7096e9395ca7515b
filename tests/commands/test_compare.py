"""``graphrec compare``: runs, seeds, folds and judged lists, paired user by user."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import TINY, Finished, call
from builders import read_json as read
from scipy import stats

pytestmark = pytest.mark.slow

BASE = (*TINY, "evaluation.floor=null", "model.embedding_dim=8", "dataset.seed=1")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A sweep of two samplers with two seeds each, on one split."""
    words = ("sampler=uniform,hardneg", "seed=1,2", "split.seed=1")
    done = call(tmp_path_factory.mktemp("sweep"), "train", "-m", *BASE, *words)
    assert done.code == 0, done.err
    return done


def compared(done: Finished, *words: str) -> dict[str, Any]:
    """What compare prints as JSON in the folder of a finished command."""
    found = call(done.folder, "compare", *words, "--json")
    assert found.code == 0, found.err
    content = json.loads(found.out)
    assert isinstance(content, dict)
    return content


def runs_of(done: Finished) -> list[str]:
    """The run directories of a sweep, as a user names them."""
    paths = sorted(path.parent for path in done.run.glob("*/config.json"))
    return [str(path.relative_to(done.folder)) for path in paths]


def judged(run: Path, folder: Path, **changed: object) -> Path:
    """A folder of judged lists, with the ranks of a run."""
    folder.mkdir()
    for name in ("data.npz", "ranks.npz", "metrics.json", "environment.json"):
        shutil.copy(run / name, folder / name)
    content = {
        "schema_version": 1,
        "name": "theirs",
        "split_hash": read(run / "environment.json")["split_hash"],
        "ks": [5],
        "map_denominator": "min",
        "monitor": "ndcg@5",
    }
    (folder / "judged.json").write_text(json.dumps(content | changed), encoding="utf-8")
    return folder


def test_seeds_are_one_entry_with_the_means_of_their_metrics(sweep: Finished) -> None:
    found = compared(sweep, str(sweep.run), "metrics=hit@5,mrr")
    assert [len(entry["runs"]) for entry in found["entries"]] == [2, 2]
    assert [entry["seeds"] for entry in found["entries"]] == [[1, 2], [1, 2]]
    assert found["config_keys"] == ["sampler"]
    assert {entry["values"]["sampler"] for entry in found["entries"]} == {"uniform", "hardneg"}
    for entry in found["entries"]:
        assert entry["label"] == f"lightgcn, sampler={entry['values']['sampler']}"
        metrics = [read(sweep.folder / run / "metrics.json") for run in entry["runs"]]
        for name, figure in entry["figures"].items():
            values = [content["test"][name] for content in metrics]
            assert figure["mean"] == pytest.approx(np.mean(values))
            assert figure["sd_of_seeds"] == pytest.approx(np.std(values, ddof=1))
        for run, curve in zip(entry["runs"], entry["curves"], strict=True):
            lines = (sweep.folder / run / "history.jsonl").read_text("utf-8").splitlines()
            history = [json.loads(line) for line in lines]
            assert curve["loss"] == [row["loss"] for row in history]
            assert curve["valid"]["mrr"] == [row["valid"]["mrr"] for row in history]
            selected = read(sweep.folder / run / "metrics.json")["selected_epoch"]
            assert (curve["run"], curve["selected_epoch"]) == (run, selected)
    everything = [read(sweep.folder / run / "metrics.json") for run in runs_of(sweep)]
    for name in found["metrics"]:
        popularity = [content["baselines"]["popularity"][name] for content in everything]
        assert found["baselines"]["popularity"][name] == pytest.approx(np.mean(popularity))
    means = [entry["figures"]["ndcg@5"]["mean"] for entry in found["entries"]]
    assert means == sorted(means, reverse=True)


def test_neither_the_order_nor_the_way_of_naming_matters(sweep: Finished) -> None:
    runs = runs_of(sweep)
    whole = compared(sweep, str(sweep.run.relative_to(sweep.folder)))
    assert compared(sweep, *runs) == whole
    assert compared(sweep, *reversed(runs)) == whole
    assert compared(sweep, runs[0], str(sweep.run.relative_to(sweep.folder))) == whole


def test_a_pair_is_what_scipy_makes_of_the_ranks(sweep: Finished) -> None:
    found = compared(sweep, str(sweep.run), "test=wilcoxon", "margin=0.05", "metric=mrr")
    (pair,) = found["pairs"]
    values = []
    for entry in found["entries"]:
        by_run = []
        for run in entry["runs"]:
            with np.load(sweep.folder / run / "ranks.npz") as arrays:
                order = np.argsort(arrays["user_index"])
                by_run.append(1 / (1 + arrays["rank"][order]))
        values.append(np.mean(by_run, axis=0))
    assert found["users"] == len(values[0])
    difference = (values[0] - values[1]).round(10)
    assert pair["difference"] == pytest.approx(difference.mean())
    assert pair["p"] == pytest.approx(stats.wilcoxon(difference).pvalue)
    assert pair["p_holm"] == pair["p"]
    assert pair["wins"] == (difference > 0).sum()
    test = stats.ttest_1samp(difference, 0.05, alternative="less")
    assert pair["equivalence"]["p"] == pytest.approx(test.pvalue)
    needed = ((1.959964 + 0.841621) * difference.std(ddof=1) / difference.mean()) ** 2
    assert pair["needed_users"] == pytest.approx(np.ceil(needed), rel=1e-5)


def test_without_groups_every_run_is_an_entry(sweep: Finished) -> None:
    found = compared(sweep, str(sweep.run), "groups=false", "segments=false")
    assert len(found["entries"]) == 4
    assert len(found["pairs"]) == 6
    assert {"seed", "sampler"} == set(found["config_keys"])
    assert {entry["values"]["seed"] for entry in found["entries"]} == {"1", "2"}
    assert all(pair["needed_seeds"] is None for pair in found["pairs"])


def test_folds_are_paired_one_by_one(tmp_path: Path) -> None:
    words = ("model=popularity,gfcf", "split=k_fold", "split.fold=0,1", "split.folds=3")
    tiny = [word for word in BASE if not word.startswith(("trainer.epochs", "model."))]
    done = call(tmp_path, "train", "-m", *tiny, *words)
    assert done.code == 0, done.err
    found = compared(done, str(done.run))
    assert len(found["entries"]) == 2
    assert len(found["split_hashes"]) == 2
    metrics = [read(tmp_path / run / "metrics.json") for run in found["entries"][0]["runs"]]
    users = [content["counts"]["test"]["users_evaluated"] for content in metrics]
    assert found["users"] == sum(users)
    values = [content["test"]["ndcg@5"] for content in metrics]
    assert found["entries"][0]["figures"]["ndcg@5"]["mean"] == pytest.approx(
        np.average(values, weights=users)
    )
    assert found["entries"][0]["figures"]["ndcg@5"]["sd_of_seeds"] is None
    assert found["baselines"] == {}
    alone = call(tmp_path, "compare", *runs_of(done)[:-1])
    assert alone.code == 2
    assert "have different splits (split.fold=" in alone.err


def test_valid_is_ranked_again_with_the_best_weights(sweep: Finished) -> None:
    found = compared(sweep, str(sweep.run), "part=valid")
    assert found["part"] == "valid"
    assert found["baselines"] == {}
    for entry in found["entries"]:
        metrics = [read(sweep.folder / run / "metrics.json") for run in entry["runs"]]
        mean = np.mean([content["valid"]["ndcg@5"] for content in metrics])
        assert entry["figures"]["ndcg@5"]["mean"] == pytest.approx(mean)


def test_judged_lists_are_an_entry(sweep: Finished, tmp_path: Path) -> None:
    run = sweep.folder / runs_of(sweep)[0]
    theirs = judged(run, tmp_path / "theirs", name="\x1b[31m</script>_$x$|")
    found = compared(sweep, str(sweep.run), str(theirs))
    (entry,) = [entry for entry in found["entries"] if entry["label"].startswith("\x1b")]
    assert entry["seeds"] == []
    assert entry["values"] == {"sampler": "-"}
    assert entry["figures"]["ndcg@5"]["mean"] == pytest.approx(
        read(run / "metrics.json")["test"]["ndcg@5"]
    )
    files = {key: tmp_path / f"of.{key}" for key in ("html", "tex", "md", "png")}
    words = [f"html={files['html']}", f"plot={files['png']}"]
    shown = call(sweep.folder, "compare", str(sweep.run), str(theirs), *words)
    assert shown.code == 0, shown.err
    assert "\x1b" not in shown.out
    assert "?[31m</script>_$x$|" in shown.out
    assert "</script>_" not in files["html"].read_text("utf-8")
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    for ending, escaped in (
        ("tex", r"\textless{}/script\textgreater{}\_\$x\$\textbar{}"),
        ("md", r"&lt;/script&gt;\_\$x\$\|"),
    ):
        again = call(sweep.folder, "compare", str(sweep.run), str(theirs), f"out={files[ending]}")
        assert again.code == 0, again.err
        text = files[ending].read_text("utf-8")
        assert escaped in text
        assert "\x1b" not in text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema_version": 2}, "schema_version 1"),
        ({"name": 7}, "'name' must be a string"),
        ({"ks": []}, "'ks' must be a list"),
        ({"ks": [True]}, "'ks' must be a list"),
        ({"map_denominator": "mean"}, "'map_denominator' must be min or held_out"),
        ({"split_hash": None}, "'split_hash' must be a string"),
    ],
)
def test_malformed_judged_lists_are_named(
    sweep: Finished, tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    run = sweep.folder / runs_of(sweep)[0]
    theirs = judged(run, tmp_path / "theirs", **changed)
    done = call(sweep.folder, "compare", str(run), str(theirs))
    assert (done.code, done.out) == (1, "")
    assert message in done.err
    assert "judged.json" in done.err
    assert len(done.err.splitlines()) == 1


def test_what_lists_cannot_tell_is_refused(sweep: Finished, tmp_path: Path) -> None:
    run = sweep.folder / runs_of(sweep)[0]
    theirs = judged(run, tmp_path / "theirs")
    elsewhere = judged(run, tmp_path / "elsewhere", split_hash="f" * 64)
    by_held_out = judged(run, tmp_path / "held_out", map_denominator="held_out")
    for words, message in (
        ((str(theirs), "metric=ndcg@10"), "was judged at 5 at most"),
        ((str(theirs), "part=valid"), "has judged lists, which part=valid"),
        ((str(elsewhere),), "different splits (split hashes"),
        ((str(by_held_out),), "different denominators of map (min and held_out)"),
    ):
        done = call(sweep.folder, "compare", str(run), *words)
        assert (done.code, done.out) == (2, ""), done.err
        assert message in done.err
    outside = tmp_path / "outside"
    judged(run, outside)
    (outside / "ranks.npz").unlink()
    (outside / "ranks.npz").symlink_to(run / "ranks.npz")
    done = call(sweep.folder, "compare", str(run), str(outside))
    assert done.code == 2
    assert "link that points outside" in done.err


def test_the_screen_shows_everything_in_80_columns(sweep: Finished) -> None:
    words = ("metrics=recall@5,mrr,map@5", "margin=1%", "confidence=0.9")
    done = call(sweep.folder, "compare", str(sweep.run), *words)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    for text in ("90 % interval", "A - B", "popularity", "head:", "randomisation test", "Holm"):
        assert text in done.out
    last = " ".join(done.out.split("\n\n")[-1].split())
    assert "A (lightgcn, sampler=" in last
    assert ("is better than" in last) or last.startswith("no difference found between A")
    assert "that B is worse than A by less than" in last


def test_the_files_have_the_figures(sweep: Finished, tmp_path: Path) -> None:
    found = compared(sweep, str(sweep.run), "margin=0.01", f"out={tmp_path / 'of.json'}")
    assert read(tmp_path / "of.json") == found
    compared(sweep, str(sweep.run), "margin=0.01", f"out={tmp_path / 'of.csv'}")
    with (tmp_path / "of.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    (pair,) = found["pairs"]
    assert float(row["difference"]) == pair["difference"]
    assert float(row["a_mean"]) - float(row["b_mean"]) == pytest.approx(pair["difference"])
    assert float(row["equivalence_p"]) == pair["equivalence"]["p"]
    assert row["a_label"] == found["entries"][0]["label"]


def test_runs_that_cannot_be_paired_are_refused(sweep: Finished, tmp_path: Path) -> None:
    first = runs_of(sweep)[0]
    made = {}
    for name, words in {
        "split": ("split.seed=2",),
        "ties": ("split.seed=1", "evaluation.ties=pessimistic"),
        "monitor": ("split.seed=1", "trainer.monitor=mrr"),
    }.items():
        done = call(tmp_path, "train", *BASE, *words)
        assert done.code == 0, done.err
        made[name] = str(done.run)
    for words, message in (
        ((first,), "compare needs two entries, and these are 1 run of one configuration"),
        ((*runs_of(sweep)[:2],), "2 runs of one configuration"),
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
        ((first, "margin=nan"), "margin must be a number"),
        ((first, "confidence=95"), "confidence must be a number between 0.5 and 1"),
        ((first, "resamples=10"), "resamples must be a whole number in 100..1,000,000"),
        ((first, "test=t"), "test must be randomisation or wilcoxon"),
        ((first, "out=of.txt"), "out=of.txt must end in .csv or .json or .md or .tex"),
        ((first, "html=no/of.html"), "the folder no does not exist"),
        ((first, "metric=ndcg@50", made["monitor"]), "only"),
        ((), "compare takes run directories"),
    ):
        done = call(sweep.folder, "compare", *words)
        assert (done.code, done.out) == (3 if message == "only" else 2, ""), (words, done.err)
        assert message in done.err, done.err
        assert len(done.err.splitlines()) == 1


def test_a_repeat_is_no_further_seed(sweep: Finished, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sweep.folder / runs_of(sweep)[0], tmp_path / "copy"))
    done = call(sweep.folder, "compare", str(sweep.run), str(copy), "--json")
    assert done.code == 0, done.err
    assert "is left out" in done.err
    assert [len(entry["runs"]) for entry in json.loads(done.out)["entries"]] == [2, 2]


def test_damaged_runs_are_named(sweep: Finished, tmp_path: Path) -> None:
    runs = runs_of(sweep)
    copies = {
        name: Path(shutil.copytree(sweep.folder / runs[-1], tmp_path / name))
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
        ("history", 1, "history.jsonl: line 1: 'epoch' and 'loss' must be numbers"),
        ("pairs", 2, "have ranks of other pairs"),
        ("hash", 1, "'split_hash' a string"),
    ):
        done = call(sweep.folder, "compare", runs[0], str(copies[name]))
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


def test_a_sweep_without_all_of_its_runs(sweep: Finished, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sweep.run, tmp_path / sweep.run.name))
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
