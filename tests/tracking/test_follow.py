"""Runs that a tracker follows: it is told what happens, and changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from builders import CPU, PATIENCE_S, TINY, Finished, call, read_json

from graphrec_cli.config import trackers as words_of_trackers
from graphrec_cli.errors import Interrupted
from graphrec_cli.system.signals import StopSignals
from graphrec_cli.tracking import follow, worker
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, RunStart
from graphrec_cli.training.checkpoints.file import load_checkpoint, weights_sha256

EPOCHS = ("trainer.epochs=3", "loss=bpr")


class Fake:
    """Keeps what it is told about one run."""

    def __init__(self, start: RunStart, fails_in: str, hangs: float) -> None:
        self.start = start
        self.epochs: list[EpochValues] = []
        self.end: RunEnd | None = None
        self._fails_in, self._hangs = fails_in, hangs

    def begin(self) -> None:
        self._reach("begin")

    def log(self, epochs: list[EpochValues]) -> None:
        self._reach("log")
        self.epochs += epochs

    def finish(self, end: RunEnd) -> None:
        self._reach("finish")
        time.sleep(self._hangs)
        self.end = end

    def _reach(self, method: str) -> None:
        if method == self._fails_in:
            raise OSError("gone")


class Fakes:
    """The trackers of the runs of a test, in the place of TensorBoard's."""

    def __init__(self) -> None:
        self.made: list[Fake] = []
        self.fails_in, self.hangs = "", 0.0

    def make(self, name: str, start: RunStart, trackers: object) -> Fake:
        self.made.append(Fake(start, self.fails_in, self.hangs))
        return self.made[-1]


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()
    monkeypatch.setattr(follow, "_make", fakes.make)
    monkeypatch.setattr(words_of_trackers, "_is_installed", lambda module: True)
    monkeypatch.setattr(worker, "give_up_thread", lambda: None)
    return fakes


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The run without a tracker."""
    return call(tmp_path_factory.mktemp("alone"), "train", *TINY, *EPOCHS)


def weights(run: Path) -> str:
    return weights_sha256(load_checkpoint(run / "checkpoints/best.pt", CPU)["model"])


def assert_same(run: Path, alone: Path) -> None:
    """Only times differ from a run without a tracker."""
    for name in ("metrics.json", "config.json", "funnel.json", "audit.json"):
        assert (run / name).read_bytes() == (alone / name).read_bytes()
    assert weights(run) == weights(alone)


@pytest.mark.parametrize("fails_in", ["", "begin", "log", "finish"])
def test_a_tracker_changes_nothing_and_ends_nothing(
    fails_in: str, fakes: Fakes, alone: Finished, tmp_path: Path
) -> None:
    fakes.fails_in = fails_in
    done = call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard")
    assert done.code == 0
    assert_same(done.run, alone.run)
    said = [line for line in done.err.splitlines() if "tracker" in line]
    line = "warning: tracker tensorboard: OSError: gone; the run goes on without it"
    assert said == [line] * bool(fails_in)
    assert ("WARNING tracker tensorboard" in (done.run / "train.log").read_text()) == bool(fails_in)


@pytest.mark.slow
def test_it_is_told_what_the_run_directory_has(fakes: Fakes, tmp_path: Path) -> None:
    done = call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard", "plots=true")
    (fake,) = fakes.made
    rows = [json.loads(line) for line in (done.run / "history.jsonl").read_text().splitlines()]
    assert [each.epoch for each in fake.epochs] == [1, 2, 3]
    for row, each in zip(rows, fake.epochs, strict=True):
        assert each.values["loss"] == row["loss"]
        assert each.values["valid/ndcg@5"] == row["valid"]["ndcg@5"]
    metrics = read_json(done.run / "metrics.json")
    assert fake.end is not None
    assert fake.end.state == "completed"
    for name, value in metrics["test"].items():
        assert fake.end.figures[f"test/{name}"] == value
    assert fake.end.epoch == 3
    assert fake.end.pictures
    names = {file.name for file in fake.end.files}
    assert {"config.json", "metrics.json", "history.jsonl", "train.log"} <= names
    assert not {"data.npz", "best.pt", "ranks.npz"} & names
    assert fake.start.params["loss.name"] == "bpr"
    assert fake.start.tags["graphrec.run"] == done.run.name


@pytest.mark.parametrize(("artifacts", "more"), [("none", set()), ("all", {"data.npz", "best.pt"})])
def test_the_files_are_those_asked_for(
    artifacts: str, more: set[str], fakes: Fakes, tmp_path: Path
) -> None:
    done = call(tmp_path, "train", *TINY, *EPOCHS, "logger=mlflow", f"logger.artifacts={artifacts}")
    assert done.code == 0, done.err
    assert fakes.made[0].end is not None
    names = {file.name for file in fakes.made[0].end.files}
    assert names >= more
    assert bool(names) == bool(more)


def test_a_run_waits_no_longer_than_it_was_told(
    fakes: Fakes, alone: Finished, tmp_path: Path
) -> None:
    fakes.hangs = 20
    started = time.monotonic()
    done = call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard", "logger.timeout=0.2")
    assert time.monotonic() - started < 15
    assert done.code == 0
    assert "it has not finished 0 s after the run; the run goes on without it" in done.err
    assert_same(done.run, alone.run)


@pytest.fixture
def stop_after_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """End the run as a signal would, once."""
    real_log, real_check, due = follow.FollowedRun.after_epoch, StopSignals.check, [False]

    def log(self: Any, history: Any) -> None:
        real_log(self, history)
        due[0] = len(history) == 1

    def check(self: StopSignals) -> None:
        if due[0]:
            due[0] = False
            self.received = 15
            raise Interrupted(15)
        real_check(self)

    monkeypatch.setattr(follow.FollowedRun, "after_epoch", log)
    monkeypatch.setattr(StopSignals, "check", check)


@pytest.mark.usefixtures("stop_after_first_epoch")
def test_a_stopped_run_hurries_and_goes_on_only_with_todays_trackers(
    fakes: Fakes, alone: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "HURRY", 0.2)
    fakes.hangs = 20
    started = time.monotonic()
    stopped = call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard")
    assert time.monotonic() - started < 15
    assert stopped.code == 143
    assert read_json(stopped.run / "status.json")["status"] == "interrupted"
    assert stopped.err.splitlines()[-1].endswith(
        "it has not finished 0 s after the run; the run goes on without it"
    )
    assert f"resume={stopped.run.relative_to(tmp_path)} logger=tensorboard continues" in stopped.err
    fakes.hangs = 0
    done = call(tmp_path, "train", f"resume={stopped.run}")
    assert done.code == 0
    assert len(fakes.made) == 1  # the words of the resumption name none
    assert_same(done.run, alone.run)


@pytest.mark.usefixtures("stop_after_first_epoch")
def test_a_resumed_run_is_followed_from_its_checkpoint(fakes: Fakes, tmp_path: Path) -> None:
    stopped = call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard")
    done = call(tmp_path, "train", f"resume={stopped.run}", "logger=tensorboard")
    assert done.code == 0
    first, second = fakes.made
    assert [each.epoch for each in first.epochs] == [1]
    assert [each.epoch for each in second.epochs] == [2, 3]
    assert (first.start.resumed, second.start.resumed) == (False, True)
    assert first.start.tags == second.start.tags
    assert first.end is not None
    assert (first.end.state, first.end.figures) == ("interrupted", {})


def test_a_link_among_the_files_is_not_followed(
    fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("mine")
    real_log = follow.FollowedRun.after_epoch

    def log(self: Any, history: Any) -> None:
        real_log(self, history)
        self._run.plots.mkdir(exist_ok=True)
        if len(history) == 1:
            (self._run.plots / "curves.png").symlink_to(tmp_path / "secret")

    monkeypatch.setattr(follow.FollowedRun, "after_epoch", log)
    assert call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard").code == 0
    assert fakes.made[0].end is not None
    assert fakes.made[0].end.pictures == []


def test_a_run_that_fails_says_so_to_the_tracker(fakes: Fakes, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("user,item\na,b\n")
    done = call(tmp_path, "train", "dataset=table", "dataset.path=bad.csv", "logger=tensorboard")
    assert done.code == 3
    assert fakes.made[0].end is not None
    assert fakes.made[0].end.state == "failed"


HANGS = """
import sys, threading, time
from graphrec_cli import __main__
from graphrec_cli.tracking import follow
class Hangs:
    def begin(self):
        threading.Thread(target=time.sleep, args=(1000,)).start()  # a process would wait for it
    def log(self, epochs):
        pass
    def finish(self, end):
        time.sleep(1000)
follow._make = lambda *words: Hangs()
sys.argv[0] = "graphrec"
__main__.run()
"""


@pytest.mark.slow
def test_the_process_does_not_wait_for_threads_of_a_tracker(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="comes with an extra, which CI installs")
    words = ["train", *TINY, *EPOCHS, "logger=tensorboard", "logger.timeout=0.5"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", HANGS, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "it has not finished" in done.stderr
    assert (tmp_path / done.stdout.splitlines()[-1] / "metrics.json").is_file()


@pytest.mark.slow
def test_every_run_of_a_sweep_has_a_tracker_of_its_own(fakes: Fakes, tmp_path: Path) -> None:
    words = ("seed=1,2", "-m", "logger=tensorboard")
    done = call(tmp_path, "train", *TINY, *words)
    assert done.code == 0, done.err
    names = [fake.start.tags["graphrec.run"] for fake in fakes.made]
    assert sorted(names) == sorted(path.parent.name for path in done.run.glob("*/config.json"))
    assert {fake.start.tags["graphrec.sweep"] for fake in fakes.made} == {done.run.name}
    assert {fake.start.home for fake in fakes.made} == {tmp_path / "outputs"}
    again = call(tmp_path, "train", "-m", "sweep.resume=latest")
    assert again.code == 0
    assert len(fakes.made) == 2
    assert "logger" not in json.dumps(read_json(done.run / "sweep.json")["words"])


@pytest.mark.slow
def test_a_saved_file_starts_no_tracker(fakes: Fakes, tmp_path: Path) -> None:
    done = call(tmp_path, "train", *TINY, *EPOCHS, "logger=tensorboard")
    content = read_json(done.run / "config.json")
    assert "logger" not in content
    repeated = call(tmp_path, "reproduce", str(done.run))
    assert repeated.code == 0, repeated.err
    assert call(tmp_path, "train", "--from", str(done.run)).code == 0
    assert len(fakes.made) == 1
    (tmp_path / "hostile.json").write_text(json.dumps(content | {"logger": ["mlflow"]}))
    hostile = call(tmp_path, "train", "--from", "hostile.json")
    assert hostile.code == 2
    assert "logger" in hostile.err
    assert call(tmp_path, "reproduce", str(done.run), "logger=tensorboard").code == 0
    assert len(fakes.made) == 2
