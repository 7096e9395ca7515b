"""``graphrec compare``: runs, seeds, folds and judged lists, paired user by user."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import Finished, call
from builders import read_json as read
from comparisons import COMPARED, judged_folder, runs_of
from scipy import stats

pytestmark = pytest.mark.slow


def compared(done: Finished, *words: str) -> dict[str, Any]:
    """What compare prints as JSON in the folder of a finished command."""
    found = call(done.folder, "compare", *words, "--json")
    assert found.code == 0, found.err
    content = json.loads(found.out)
    assert isinstance(content, dict)
    return content


def test_seeds_are_one_entry_with_the_means_of_their_metrics(two_samplers: Finished) -> None:
    found = compared(two_samplers, str(two_samplers.run), "metrics=hit@5,mrr")
    assert [len(entry["runs"]) for entry in found["entries"]] == [2, 2]
    assert [entry["seeds"] for entry in found["entries"]] == [[1, 2], [1, 2]]
    assert found["config_keys"] == ["sampler"]
    assert {entry["values"]["sampler"] for entry in found["entries"]} == {"uniform", "hardneg"}
    for entry in found["entries"]:
        assert entry["label"] == f"lightgcn, sampler={entry['values']['sampler']}"
        metrics = [read(two_samplers.folder / run / "metrics.json") for run in entry["runs"]]
        for name, figure in entry["figures"].items():
            values = [content["test"][name] for content in metrics]
            assert figure["mean"] == pytest.approx(np.mean(values))
            assert figure["sd_of_seeds"] == pytest.approx(np.std(values, ddof=1))
        for run, curve in zip(entry["runs"], entry["curves"], strict=True):
            lines = (two_samplers.folder / run / "history.jsonl").read_text("utf-8").splitlines()
            history = [json.loads(line) for line in lines]
            assert curve["loss"] == [row["loss"] for row in history]
            assert curve["valid"]["mrr"] == [row["valid"]["mrr"] for row in history]
            selected = read(two_samplers.folder / run / "metrics.json")["selected_epoch"]
            assert (curve["run"], curve["selected_epoch"]) == (run, selected)
    everything = [read(two_samplers.folder / run / "metrics.json") for run in runs_of(two_samplers)]
    for name in found["metrics"]:
        popularity = [content["baselines"]["popularity"][name] for content in everything]
        assert found["baselines"]["popularity"][name] == pytest.approx(np.mean(popularity))
    means = [entry["figures"]["ndcg@5"]["mean"] for entry in found["entries"]]
    assert means == sorted(means, reverse=True)


def test_neither_the_order_nor_the_way_of_naming_matters(two_samplers: Finished) -> None:
    runs = runs_of(two_samplers)
    whole = compared(two_samplers, str(two_samplers.run.relative_to(two_samplers.folder)))
    assert compared(two_samplers, *runs) == whole
    assert compared(two_samplers, *reversed(runs)) == whole
    assert (
        compared(two_samplers, runs[0], str(two_samplers.run.relative_to(two_samplers.folder)))
        == whole
    )


def test_a_pair_is_what_scipy_makes_of_the_ranks(two_samplers: Finished) -> None:
    found = compared(
        two_samplers, str(two_samplers.run), "test=wilcoxon", "margin=0.05", "metric=mrr"
    )
    (pair,) = found["pairs"]
    values = []
    for entry in found["entries"]:
        by_run = []
        for run in entry["runs"]:
            with np.load(two_samplers.folder / run / "ranks.npz") as arrays:
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


def test_without_groups_every_run_is_an_entry(two_samplers: Finished) -> None:
    found = compared(two_samplers, str(two_samplers.run), "groups=false", "segments=false")
    assert len(found["entries"]) == 4
    assert len(found["pairs"]) == 6
    assert {"seed", "sampler"} == set(found["config_keys"])
    assert {entry["values"]["seed"] for entry in found["entries"]} == {"1", "2"}
    assert all(pair["needed_seeds"] is None for pair in found["pairs"])


def test_folds_are_paired_one_by_one(tmp_path: Path) -> None:
    words = ("model=popularity,gfcf", "split=k_fold", "split.fold=0,1", "split.folds=3")
    tiny = [word for word in COMPARED if not word.startswith(("trainer.epochs", "model."))]
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


def test_valid_is_ranked_again_with_the_best_weights(two_samplers: Finished) -> None:
    found = compared(two_samplers, str(two_samplers.run), "part=valid")
    assert found["part"] == "valid"
    assert found["baselines"] == {}
    for entry in found["entries"]:
        metrics = [read(two_samplers.folder / run / "metrics.json") for run in entry["runs"]]
        mean = np.mean([content["valid"]["ndcg@5"] for content in metrics])
        assert entry["figures"]["ndcg@5"]["mean"] == pytest.approx(mean)


def test_judged_lists_are_an_entry(two_samplers: Finished, tmp_path: Path) -> None:
    run = two_samplers.folder / runs_of(two_samplers)[0]
    theirs = judged_folder(run, tmp_path / "theirs", name="\x1b[31m</script>_$x$|")
    found = compared(two_samplers, str(two_samplers.run), str(theirs))
    (entry,) = [entry for entry in found["entries"] if entry["label"].startswith("\x1b")]
    assert entry["seeds"] == []
    assert entry["values"] == {"sampler": "-"}
    assert entry["figures"]["ndcg@5"]["mean"] == pytest.approx(
        read(run / "metrics.json")["test"]["ndcg@5"]
    )
    files = {key: tmp_path / f"of.{key}" for key in ("html", "tex", "md", "png")}
    words = [f"html={files['html']}", f"plot={files['png']}"]
    shown = call(two_samplers.folder, "compare", str(two_samplers.run), str(theirs), *words)
    assert shown.code == 0, shown.err
    assert "\x1b" not in shown.out
    assert "?[31m</script>_$x$|" in shown.out
    assert "</script>_" not in files["html"].read_text("utf-8")
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    for ending, escaped in (
        ("tex", r"\textless{}/script\textgreater{}\_\$x\$\textbar{}"),
        ("md", r"&lt;/script&gt;\_\$x\$\|"),
    ):
        again = call(
            two_samplers.folder,
            "compare",
            str(two_samplers.run),
            str(theirs),
            f"out={files[ending]}",
        )
        assert again.code == 0, again.err
        text = files[ending].read_text("utf-8")
        assert escaped in text
        assert "\x1b" not in text


def test_the_screen_shows_everything_in_80_columns(two_samplers: Finished) -> None:
    words = ("metrics=recall@5,mrr,map@5", "margin=1%", "confidence=0.9")
    done = call(two_samplers.folder, "compare", str(two_samplers.run), *words)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    for text in ("90 % interval", "A - B", "popularity", "head:", "randomisation test", "Holm"):
        assert text in done.out
    last = " ".join(done.out.split("\n\n")[-1].split())
    assert "A (lightgcn, sampler=" in last
    assert ("is better than" in last) or last.startswith("no difference found between A")
    assert "that B is worse than A by less than" in last


def test_the_files_have_the_figures(two_samplers: Finished, tmp_path: Path) -> None:
    found = compared(
        two_samplers, str(two_samplers.run), "margin=0.01", f"out={tmp_path / 'of.json'}"
    )
    assert read(tmp_path / "of.json") == found
    compared(two_samplers, str(two_samplers.run), "margin=0.01", f"out={tmp_path / 'of.csv'}")
    with (tmp_path / "of.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    (pair,) = found["pairs"]
    assert float(row["difference"]) == pair["difference"]
    assert float(row["a_mean"]) - float(row["b_mean"]) == pytest.approx(pair["difference"])
    assert float(row["equivalence_p"]) == pair["equivalence"]["p"]
    assert row["a_label"] == found["entries"][0]["label"]
