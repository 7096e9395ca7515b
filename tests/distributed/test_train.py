"""``torchrun -m graphrec_cli train``: the run of one process, by any number of processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import CPU, PATIENCE_S, TINY_DATA, TINY_SETTINGS, Finished, call, read_json
from torchrun import process_of_rank, started, torchrun

from graphrec_cli.training.checkpoints.file import load_checkpoint

pytestmark = pytest.mark.slow

MODULE = ("-m", "graphrec_cli")
TRAIN = ("train", *TINY_DATA, *TINY_SETTINGS, "trainer.batch_size=16", "model.embedding_dim=8")
"""22 steps an epoch."""
SOFTMAX = (*TRAIN, "loss=softmax", "trainer.epochs=3")
BPR = (*TRAIN, "loss=bpr", "loss.l2=0.01", "model.similarity=cosine", "trainer.epochs=3")
ENDLESS = (
    *TRAIN,
    "trainer.epochs=100000",
    "trainer.checkpoint_every=1",
    "trainer.final_learning_rate=null",
)
"""Stopped after a few epochs; by then the last bits may have grown a little."""


def finished(done: subprocess.CompletedProcess[str], folder: Path) -> Finished:
    assert done.returncode == 0, done.stderr
    return Finished(0, done.stdout, done.stderr, folder)


def only_run(folder: Path) -> Path:
    (status,) = folder.glob("outputs/*/status.json")
    return status.parent


def history(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text("utf-8").splitlines()]


def assert_same_training(run: Path, expected: Path, tolerance: float) -> None:
    """Losses and weights are those of ``expected``."""
    mine, other = history(run), history(expected)
    assert [row["step"] for row in mine] == [row["step"] for row in other]
    losses, expected_losses = ([row["loss"] for row in rows] for rows in (mine, other))
    assert losses == pytest.approx(expected_losses, abs=tolerance)
    state, expected_state = (
        load_checkpoint(path / "checkpoints/last.pt", CPU) for path in (run, expected)
    )
    assert state.keys() == expected_state.keys()
    for tables, expected_tables in (
        (state["model"], expected_state["model"]),
        (state["optimizer"]["state"][0], expected_state["optimizer"]["state"][0]),
    ):
        assert tables.keys() == expected_tables.keys()
        for name, table in tables.items():
            torch.testing.assert_close(table, expected_tables[name], rtol=0, atol=tolerance)


def assert_same_ranking(run: Path, expected: Path, tolerance: float) -> None:
    """Metrics and ranks are those of ``expected``, which has few ties."""
    for row, expected_row in zip(history(run), history(expected), strict=True):
        assert row["valid"] == pytest.approx(expected_row["valid"], abs=tolerance)
    metrics, expected_metrics = (read_json(path / "metrics.json") for path in (run, expected))
    assert metrics["test"] == pytest.approx(expected_metrics["test"], abs=tolerance)
    for key in ("baselines", "floor", "counts", "selected_epoch"):
        assert metrics[key] == expected_metrics[key]
    ranks, expected_ranks = (np.load(path / "ranks.npz") for path in (run, expected))
    for name in ("user_index", "item_index", "rank"):
        np.testing.assert_array_equal(ranks[name], expected_ranks[name])


@pytest.mark.parametrize(("processes", "words"), [(2, SOFTMAX), (4, BPR)])
def test_a_run_is_that_of_one_process(
    processes: int, words: tuple[str, ...], tmp_path: Path
) -> None:
    alone = call(tmp_path, *words, "output_dir=alone")
    done = finished(torchrun(tmp_path, processes, *MODULE, *words), tmp_path)
    assert len(history(alone.run)) * 22 >= 50
    assert_same_training(done.run, alone.run, 1e-5)
    assert_same_ranking(done.run, alone.run, 1e-5)
    assert done.out.splitlines()[:-1] == alone.out.splitlines()[:-1]
    files = {path.relative_to(done.run) for path in done.run.rglob("*")}
    assert files == {path.relative_to(alone.run) for path in alone.run.rglob("*")}
    config, expected = (read_json(run / "config.json") for run in (done.run, alone.run))
    assert config | {"output_dir": "alone"} == expected
    assert read_json(done.run / "environment.json")["processes"] == processes
    evaluated = call(tmp_path, "evaluate", str(done.run), "--json")
    assert json.loads(evaluated.out)["test"] == pytest.approx(
        read_json(done.run / "metrics.json")["test"]
    )
    with np.load(done.run / "data.npz") as arrays:
        user = str(arrays["user_id"][0])
    assert call(tmp_path, "recommend", str(done.run), f"users={user}", "k=3").code == 0


def test_a_killed_process_ends_all_and_one_process_resumes(tmp_path: Path) -> None:
    words = (*ENDLESS, "loss=bpr")
    with started(tmp_path, 2, *MODULE, *words) as launcher:
        wait_for_checkpoint(tmp_path)
        os.kill(process_of_rank(launcher, 1), signal.SIGKILL)
        _, err = launcher.communicate(timeout=PATIENCE_S)
    run = only_run(tmp_path)
    errors = [line for line in err.splitlines() if line.startswith("error:")]
    assert errors == [
        "error: one of the 2 processes was killed, or ran out of memory; graphrec train "
        f"resume={run.relative_to(tmp_path)} continues the run"
    ]
    assert read_json(run / "status.json")["status"] == "interrupted"
    epoch = load_checkpoint(run / "checkpoints/last.pt", CPU)["epoch"]
    resumed = call(tmp_path, "train", f"resume={run}", f"trainer.epochs={epoch + 1}")
    assert resumed.code == 0, resumed.err
    assert "processes 2 -> 1" in resumed.err
    alone = call(tmp_path, *words, f"trainer.epochs={epoch + 1}", "output_dir=alone")
    assert_same_training(run, alone.run, 1e-3)


def test_the_others_report_that_the_first_process_was_killed(tmp_path: Path) -> None:
    with started(tmp_path, 2, *MODULE, *ENDLESS) as launcher:
        wait_for_checkpoint(tmp_path)
        os.kill(process_of_rank(launcher, 0), signal.SIGKILL)
        _, err = launcher.communicate(timeout=PATIENCE_S)
    errors = [line for line in err.splitlines() if line.startswith("error:")]
    assert errors == ["error: one of the 2 processes was killed, or ran out of memory"]
    load_checkpoint(only_run(tmp_path) / "checkpoints/last.pt", CPU)


def test_a_signal_to_one_process_stops_all_after_the_same_step(tmp_path: Path) -> None:
    """And as many as four resume a run of two, in the middle of an epoch."""
    words = (*ENDLESS, "loss=softmax")
    with started(tmp_path, 2, *MODULE, *words) as launcher:
        wait_for_checkpoint(tmp_path)
        os.kill(process_of_rank(launcher, 1), signal.SIGTERM)
        _, err = launcher.communicate(timeout=PATIENCE_S)
    run = only_run(tmp_path)
    errors = [line for line in err.splitlines() if line.startswith("error:")]
    place = run.relative_to(tmp_path)
    assert errors == [f"error: interrupted: graphrec train resume={place} continues it"]
    epoch = load_checkpoint(run / "checkpoints/last.pt", CPU)["epoch"]
    resume = (*MODULE, "train", f"resume={run}", f"trainer.epochs={epoch + 1}")
    finished(torchrun(tmp_path, 4, *resume), tmp_path)
    alone = call(tmp_path, *words, f"trainer.epochs={epoch + 1}", "output_dir=alone")
    assert_same_training(run, alone.run, 1e-3)


FAILING = """
import os
import sys

from graphrec_cli.cli import main
from graphrec_cli.training.trainer import Trainer

real_step = Trainer.train_step


def train_step(trainer, batch):
    if os.environ["RANK"] == "1" and trainer.step == 30:
        raise ValueError("a fault of this process alone")
    return real_step(trainer, batch)


Trainer.train_step = train_step
sys.exit(main())
"""


def test_the_first_process_reports_the_error_of_another(tmp_path: Path) -> None:
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")
    done = torchrun(tmp_path, 2, "failing.py", *ENDLESS)
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("error:"))
    why = "process 1 of 2: ValueError: a fault of this process alone"
    assert error == f"error: {why}"
    status = read_json(only_run(tmp_path) / "status.json")
    assert (status["status"], status["error"]) == ("failed", why)


def wait_for_checkpoint(folder: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while not list(folder.glob("outputs/*/checkpoints/last.pt")):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_error_is_one_line_and_ends_all(tmp_path: Path) -> None:
    done = torchrun(tmp_path, 2, *MODULE, *TRAIN, "model.embedding_dim=7")
    assert done.returncode == 1  # torchrun's own
    assert "exitcode  : 2" in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert errors == [
        "error: model.embedding_dim=7 cannot be split over 2 processes; choose a multiple, or "
        "another number of processes"
    ]
    assert not (tmp_path / "outputs").exists()
    assert not (tmp_path / "outputs").exists()
