"""The launch of a run: signals, and files that cannot be written."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from builders import PATIENCE_S, TINY

from graphrec_cli import run
from graphrec_cli.cli import main
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.training.checkpoints.file import load_checkpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    # A shell's background job, which the tests may be, ignores SIGINT and hands that down.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"sys.path.insert(0, {str(ROOT)!r}); "
        "from graphrec_cli.cli import main; sys.exit(main())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_obey_permissions,
    )


def _obey_permissions() -> None:
    """Make write permissions apply to root too (prctl(2), linux/prctl.h)."""
    drop_from_bounding_set, override_permissions = 24, 1
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(drop_from_bounding_set, override_permissions)


def wait_for(folder: Path, pattern: str, process: subprocess.Popen[str]) -> Path:
    """Wait until there is such a file, as long as the process lives."""
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE_S:
        ended = process.poll() is not None
        found = list(folder.glob(pattern))
        if found:
            return found[0]
        assert not ended, process.communicate()
        time.sleep(0.01)
    raise AssertionError(f"no {pattern}")


LONG = ["train", *TINY, "trainer.epochs=100000", "trainer.patience=null"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (signal.SIGINT, ["split.valid=0"], 130),
        (signal.SIGTERM, [], 143),
        (signal.SIGUSR1, ["-m", "seed=1,2"], 138),
    ],
)
def test_a_signal_in_an_epoch_keeps_what_was_finished(
    number: signal.Signals, words: list[str], code: int, folder: Path
) -> None:
    process = start(folder, *LONG, *words)
    run = wait_for(folder, "outputs/**/checkpoints/last.pt", process).parents[1]
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert "Traceback" not in err
    *_, run_line, last_line = err.splitlines()
    sweep = f"interrupted: graphrec train -m sweep.resume={out.splitlines()[-1]} continues it"
    assert (run_line if "-m" in words else last_line).startswith("error: interrupted")
    assert "-m" not in words or last_line == sweep
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    assert status["status"] == "interrupted"
    assert len(list(folder.glob("outputs/**/status.json"))) == 1
    assert not (run / "metrics.json").exists()
    assert (folder / out.splitlines()[-1]).is_dir()
    assert main(["evaluate", str(run)]) == 0
    best = load_checkpoint(run / "checkpoints" / "best.pt", torch.device("cpu"))
    history = (run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    last = load_checkpoint(run / "checkpoints" / "last.pt", torch.device("cpu"))
    # The checkpoint was written when the signal came, in the epoch after the last one in history.
    assert 1 <= best["epoch"] <= len(history) == len(last["history"])
    assert last["epoch"] - len(history) in (0, 1)
    if "split.valid=0" in words:
        assert best["epoch"] == len(history)
    left = {path.name for path in (run / "checkpoints").iterdir()}
    assert left - {"last-1.pt"} == {"best.pt", "last.pt", "manifest.json"}


def spoil(monkeypatch: pytest.MonkeyPatch, name: str, target: Path | None) -> None:
    """Put ``name`` into every new run directory: a link to ``target``, or an empty file."""
    create = RunDirectory.create

    def spoilt(output_dir: Path, stem: str) -> RunDirectory:
        run = create(output_dir, stem)
        if target is None:
            (run.path / name).touch()
        else:
            (run.path / name).symlink_to(target)
        return run

    monkeypatch.setattr(RunDirectory, "create", spoilt)


def test_a_plot_that_cannot_be_written_ends_the_run_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "plots", None)
    assert main(["train", *TINY, "plots=true", "trainer.epochs=1"]) == 1
    out, err = capsys.readouterr()
    run = folder / out.splitlines()[-1]
    lines = [line for line in err.splitlines() if line.startswith("error:")]
    assert lines == [f"error: cannot make {run.relative_to(folder) / 'plots'}: File exists"]
    assert "Traceback" not in err
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    assert (status["status"], f"error: {status['error']}") == ("failed", lines[0])
    # The results from before the plot are there.
    assert (run / "metrics.json").is_file()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_log_that_can_no_longer_be_written_ends_the_run_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, "train.log", Path("/dev/full"))
    assert main(["train", *TINY, "trainer.epochs=1"]) == 1
    out, err = capsys.readouterr()
    assert "Logging error" not in err
    assert "Traceback" not in err
    (line,) = [line for line in err.splitlines() if "cannot write" in line]
    assert line.startswith("error: cannot write ")
    assert "train.log: No space left on device" in line
    status = json.loads((folder / out.splitlines()[-1] / "status.json").read_text("utf-8"))
    assert status["status"] == "failed"
    assert f"error: {status['error']}" == line


@pytest.mark.slow
def test_a_folder_that_becomes_read_only_ends_the_run_in_one_line(folder: Path) -> None:
    process = start(folder, *LONG, "trainer.checkpoint_minutes=0.001")
    last = wait_for(folder, "outputs/*/checkpoints/last.pt", process)
    last.parent.chmod(0o555)
    before = {path.name: path.read_bytes() for path in last.parent.glob("*.pt")}
    out, err = process.communicate(timeout=PATIENCE_S)
    last.parent.chmod(0o755)
    assert process.returncode == 1, err
    errors = [line for line in err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    # Which file it is depends on the moment.
    assert f"cannot write {last.parent.relative_to(folder)}/" in errors[0]
    assert ": Permission denied; " in errors[0]
    assert {path.name: path.read_bytes() for path in last.parent.glob("*.pt")} == before
    run = folder / out.splitlines()[-1]
    assert json.loads((run / "status.json").read_text("utf-8"))["status"] == "failed"
    newest = last if last.is_file() else last.with_name("last-1.pt")  # met between two renames
    state = load_checkpoint(newest, torch.device("cpu"))
    assert main(["train", f"resume={run}", f"trainer.epochs={state['epoch'] + 1}"]) == 0


@pytest.mark.parametrize("function", ["find_files", "build_model"])
def test_a_signal_that_a_library_swallows_stops_the_run_before_training(
    function: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = getattr(run, function)

    def swallowing(*arguments: object) -> object:
        with suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(PATIENCE_S)
        return real(*arguments)

    monkeypatch.setattr(run, function, swallowing)
    assert main(["train", *TINY]) == 143
    assert "epoch 1/" not in capsys.readouterr().err
    assert not list(folder.glob("outputs/*/checkpoints/last.pt"))
