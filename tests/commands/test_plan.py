"""``graphrec plan``, held against the runs that it plans."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from builders import PATIENCE_S, TINY

from graphrec_cli.planning import step_time

Command: TypeAlias = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
PEAK = ROOT / "tests" / "bench" / "peak_memory.py"


@pytest.fixture(autouse=True)
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans within this process time steps for a moment only."""
    monkeypatch.setattr(step_time, "_ENOUGH", 0.02)


def planned(full_size: Command, *words: str) -> dict[str, Any]:
    done = full_size("plan", "--json", *words)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert isinstance(report, dict)
    return report


@pytest.mark.parametrize(
    "words",
    [
        ("loss=bpr", "sampler=hardneg"),
        pytest.param(
            ("trainer.batch_size=100", "trainer.min_steps_per_epoch=null"), marks=pytest.mark.slow
        ),
        pytest.param(("split.valid=0", "trainer.steps_per_epoch=7"), marks=pytest.mark.slow),
    ],
)
def test_sizes_are_those_of_the_run(words: tuple[str, ...], full_size: Command) -> None:
    report = planned(full_size, *TINY, *words)
    assert not (full_size("--version").folder / "outputs").exists()
    run = full_size("train", *TINY, *words)
    assert run.code == 0, run.err
    with np.load(run.run / "data.npz") as data:
        sizes = report["sizes"]
        assert (sizes["users"], sizes["items"]) == (len(data["user_id"]), len(data["item_id"]))
        for part in ("train", "valid", "test"):
            items = data.get(f"{part}_item_index")
            assert sizes[f"{part}_pairs"] == (0 if items is None else len(items))
        assert sizes["adjacency_entries"] == 2 * sizes["train_pairs"]
    rows = [json.loads(line) for line in (run.run / "history.jsonl").read_text().splitlines()]
    assert len(rows) == sizes["epochs"]
    assert rows[-1]["step"] == sizes["epochs"] * sizes["steps_per_epoch"]
    assert sum(row["valid"] is not None for row in rows) == sizes["validations"]
    counts = json.loads((run.run / "metrics.json").read_text())["counts"]
    assert counts["test"]["users_held_out"] == sizes["test_users"]


def test_the_parts_add_up(full_size: Command) -> None:
    report = planned(full_size, *TINY)
    memory, times, sizes = report["memory"], report["time"], report["sizes"]
    whole = sum(memory["held"].values()) + max(memory["passing"].values())
    assert memory["peak"] == max(whole, memory["preparation"])
    steps = sizes["epochs"] * sizes["steps_per_epoch"]
    assert times["training"] >= steps * times["step"] > 0
    assert times["validations"] == pytest.approx(sizes["validations"] * times["validation"])
    parts = ("preparation", "training", "validations", "final")
    assert times["total"] == pytest.approx(sum(times[part] for part in parts))
    assert report["floor"] == {"compared": ["itemknn", "ease", "chebycf"], "left_out": []}


@pytest.mark.slow
def test_the_peak_is_near_that_of_the_run(tmp_path: Path) -> None:
    words = ["num_threads=1", "trainer.epochs=1", "trainer.steps_per_epoch=5", "loss=bpr"]
    words += ["model.embedding_dim=1024", "sampler=uniform", "model.num_layers=3"]

    def output(*command: str) -> str:
        return subprocess.run(
            [sys.executable, *command, *words],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            timeout=PATIENCE_S,
        ).stdout

    report = json.loads(output("-m", "graphrec_cli", "plan", "--json"))
    peak = int(output(str(PEAK), sys.executable, "-m", "graphrec_cli", "train"))
    assert 0.75 < report["memory"]["peak"] / peak < 1.25
    held = report["memory"]["held"]
    assert held["Adam"] == 2 * 4 * (2_200 + 1_600) * 1_024


def test_the_page_has_80_columns_and_other_hardware(full_size: Command) -> None:
    done = full_size(
        "plan", *TINY, "trainer.patience=30", "plan.ranks=2", "plan.bandwidth=1", "model=mf",
        "plan.gpu_bandwidth=900",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    assert "2 processes, 1 GB/s between them" in done.out
    assert "a GPU with 900 GB/s" in done.out
    assert "- trainer.patience=30 cannot stop training" in done.out


@pytest.mark.parametrize("model", ["itemknn", "ease", "gfcf", "chebycf"])
def test_closed_forms_have_memory_and_no_time(model: str, full_size: Command) -> None:
    tiny = [word for word in TINY if not word.startswith("trainer.epochs")]
    report = planned(full_size, *tiny, f"model={model}")
    assert report["time"] is None
    assert f"model={model} is solved in one piece" in report["not_timed"]
    assert report["memory"]["passing"]["solving"] > 0
    assert report["sizes"]["epochs"] == 0


def test_a_model_that_only_counts_is_ranked(full_size: Command) -> None:
    tiny = [word for word in TINY if not word.startswith("trainer.epochs")]
    report = planned(full_size, *tiny, "model=popularity")
    assert report["time"]["step"] is None
    assert report["time"]["test"] > 0


def test_what_does_not_fit_is_not_timed(
    full_size: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec_cli.workflows.plan_run.free_memory", lambda device: 1_000)
    report = planned(full_size, *TINY, "model.embedding_dim=65536")
    memory, sizes = report["memory"], report["sizes"]
    assert memory["held"]["embeddings"] == 4 * (sizes["users"] + sizes["items"]) * 65_536
    assert memory["peak"] > memory["free"]
    assert report["time"] is None
    assert "GB are free" in report["not_timed"]


@pytest.mark.slow
def test_the_data_are_kept_in_the_cache(full_size: Command, tmp_path: Path) -> None:
    rows = [f"u{user},i{(user * item) % 23}" for user in range(30) for item in range(9)]
    (tmp_path / "pairs.csv").write_text("\n".join(["user,item", *rows]))
    words = ("dataset=table", "dataset.path=pairs.csv", "cache_dir=cache", *TINY[3:])
    first, second = (planned(full_size, *words) for _ in range(2))
    assert (first["cache"], second["cache"]) == ("built", "there")
    assert first["sizes"] == second["sizes"]
    assert first["memory"]["preparation"] == second["memory"]["preparation"] == 0
    run = full_size("train", *words)
    assert "loaded the prepared data from the cache" in run.err
    saved = planned(full_size, "--from", str(run.run), "trainer.epochs=9")
    assert saved["sizes"]["epochs"] == 9
    assert saved["dataset"] == "table"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("-m seed=1,2", 2, "plan takes one configuration; remove --multirun"),
        ("plan.rank=2", 2, "did you mean 'plan.ranks'?"),
        ("plan.ranks=3 plan.bandwidth=1", 2, "cannot divide model.embedding_dim=64"),
        ("model=ease plan.ranks=2 plan.bandwidth=1", 2, "model=ease"),
        ("model=gfcf plan.gpu_bandwidth=1", 2, "model=gfcf has none"),
        ("trainer.epochz=3", 2, "did you mean 'trainer.epochs'?"),
        ("dataset=table", 2, "dataset.path"),
        ("evaluation.ks=[3000]", 3, "has the cut-off 3000, but only 1600 items"),
        ("loss=bpr sampler=hardneg sampler.popular_pool=5000", 2, "larger than the catalog"),
    ],
)
def test_refused_in_one_line_as_by_train(
    words: str, code: int, message: str, full_size: Command
) -> None:
    done = full_size("plan", *words.split(" "))
    assert (done.code, done.out) == (code, "")
    assert message in done.err.splitlines()[-1]
    if "plan" not in words and "-m" not in words:
        train = full_size("train", *words.split(" "))
        assert (train.code, train.err.splitlines()[-1]) == (code, done.err.splitlines()[-1])


def test_the_configuration_can_be_printed(full_size: Command) -> None:
    done = full_size("plan", "plan.ranks=2", "plan.bandwidth=1", "seed=7", "--cfg", "job")
    assert done.code == 0, done.err
    assert "seed: 7" in done.out


def test_help_leads_with_examples(full_size: Command) -> None:
    done = full_size("plan", "--help")
    assert (done.code, done.err) == (0, "")
    assert "Examples:\n  graphrec plan\n" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
