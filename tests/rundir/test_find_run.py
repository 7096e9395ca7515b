"""``latest`` is the newest run that has what a command needs."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import pytest

from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.find_run import Need, find_run, usable_runs
from graphrec_cli.rundir.lock import held_lock


def make_run(
    folder: Path, age: int, status: str | None, *, error: str | None = None, files: str = ""
) -> Path:
    """A run directory with a config.json of that age in seconds, and some empty files."""
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("config.json", *files.split()):
        (folder / name).touch()
    if status is not None:
        (folder / "status.json").write_text(json.dumps({"status": status, "error": error}))
    os.utime(folder / "config.json", (10**9 - age, 10**9 - age))
    return folder


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """From the newest: a failed run, a completed one without and one with a checkpoint, a killed
    one, and an older completed one."""
    best, last = "checkpoints/best.pt", "checkpoints/last.pt"
    make_run(tmp_path / "failed", 1, "failed", error="the loss is nan", files=last)
    make_run(tmp_path / "bare", 2, "completed")
    make_run(tmp_path / "done", 3, "completed", files=best)
    make_run(tmp_path / "killed", 4, "running", files=best)
    make_run(tmp_path / "older", 5, "completed", files=best)
    return tmp_path


@pytest.mark.parametrize(
    ("need", "found", "line"),
    [
        (Need.config, "failed", "{}/failed: this run failed: the loss is nan"),
        (Need.model, "done", "latest is {}/done: the newer {}/failed failed: the loss is nan"),
        (
            Need.unfinished,
            "killed",
            "latest is {}/killed: the newer {}/failed failed: the loss is nan",
        ),
    ],
)
def test_latest_passes_over_runs_that_do_not_fit_and_says_so(
    outputs: Path,
    need: Need,
    found: str,
    line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        assert find_run("latest", outputs, need).path == outputs / found
    assert caplog.messages == [line.replace("{}", str(outputs))]


@pytest.mark.parametrize(
    ("status", "files", "said"),
    [
        ("completed", "", "has no checkpoints/best.pt"),
        ("failed", "checkpoints/best.pt", "failed: disk full"),
        ("interrupted", "checkpoints/best.pt", "is interrupted"),
        ("running", "checkpoints/best.pt", "is interrupted"),
        ("nonsense", "checkpoints/best.pt", "is interrupted"),
        (None, "checkpoints/best.pt", "is interrupted"),
    ],
)
def test_without_a_run_that_fits_the_newest_is_explained(
    tmp_path: Path, status: str | None, files: str, said: str
) -> None:
    make_run(tmp_path / "mine", 1, status, error="disk full", files=files)
    with pytest.raises(
        ConfigError, match=f"no run under .* the newest, .*mine, {said}; name a run"
    ):
        find_run("latest", tmp_path, Need.model)


def test_a_run_that_is_being_trained_is_not_interrupted(tmp_path: Path) -> None:
    make_run(tmp_path / "mine", 1, "running")
    with (
        held_lock(tmp_path / "mine" / "run.lock"),
        pytest.raises(ConfigError, match="is in use by another process, which trains there"),
    ):
        find_run("latest", tmp_path, Need.unfinished)
    assert find_run("latest", tmp_path, Need.unfinished).path == tmp_path / "mine"


def test_a_failed_run_is_resumed_if_none_is_interrupted(tmp_path: Path) -> None:
    make_run(tmp_path / "bare", 1, "failed", error="no space left")
    with pytest.raises(ConfigError, match="bare, failed: no space left"):
        find_run("latest", tmp_path, Need.unfinished)
    make_run(tmp_path / "full", 2, "failed", files="checkpoints/last.pt")
    assert find_run("latest", tmp_path, Need.unfinished).path == tmp_path / "full"


def test_a_completed_newest_run_is_found_to_be_completed(tmp_path: Path) -> None:
    make_run(tmp_path / "done", 1, "completed")
    make_run(tmp_path / "failed", 2, "failed", files="checkpoints/last.pt")
    assert find_run("latest", tmp_path, Need.unfinished).path == tmp_path / "done"


def test_a_link_out_of_a_newer_run_does_not_stop_latest(outputs: Path, tmp_path: Path) -> None:
    (outputs / "failed" / "status.json").unlink()
    (outputs / "failed" / "status.json").symlink_to("/dev/zero")
    assert find_run("latest", outputs, Need.model).path == outputs / "done"
    with pytest.raises(ConfigError, match="points outside"):
        find_run(str(outputs / "failed"), outputs, Need.model)


def test_a_failed_run_is_named_as_such(outputs: Path, caplog: pytest.LogCaptureFixture) -> None:
    failed = outputs / "failed"
    assert find_run(str(failed / "config.json"), outputs, Need.unfinished).path == failed
    assert caplog.messages == [f"{failed}: this run failed: the loss is nan"]
    with pytest.raises(
        OutputError, match=r"has no checkpoints/best\.pt: this run failed: the loss"
    ):
        RunDirectory(failed).refuse_without_model()


def test_what_is_no_run_directory_is_named(tmp_path: Path) -> None:
    for name in ("sweep", "judged", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "sweep" / "sweep.json").touch()
    (tmp_path / "judged" / "judged.json").touch()
    for name, what in (
        ("sweep", "it is the folder of a sweep; name one of the runs in it"),
        ("judged", "it holds judged lists, which only compare takes"),
        ("empty", "it has no config.json; graphrec runs lists the runs"),
        ("judged/judged.json", "it is a file"),
        ("none", "there is no such folder; graphrec runs lists the runs"),
    ):
        with pytest.raises(ConfigError) as refused:
            RunDirectory.find(str(tmp_path / name))
        assert str(refused.value) == f"{tmp_path / name} is not a run directory: {what}"


def test_usable_runs_are_those_that_a_command_accepts(outputs: Path) -> None:
    def names(need: Need) -> list[str]:
        return [path.name for path in usable_runs(outputs, need)]

    assert names(Need.config) == ["failed", "bare", "done", "killed", "older"]
    assert names(Need.model) == ["done", "older"]
    assert names(Need.unfinished) == ["failed", "killed"]
