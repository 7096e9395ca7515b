from __future__ import annotations

import errno
import json
import logging
import os
import random
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import CPU
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.data.files.files import sha256_of
from graphrec_cli.errors import OutputError
from graphrec_cli.training.checkpoints.store import CheckpointStore


def content(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "model": {"weight": torch.full((500,), float(epoch))}}


def reopened(folder: Path, keep: int = 2) -> CheckpointStore:
    store = CheckpointStore(folder, keep)
    store.reopen()
    return store


def newest(folder: Path, keep: int = 2) -> int | None:
    """The epoch that a new process finds; its weights are checked too."""
    state = reopened(folder, keep).load_last(CPU)
    if state is None:
        return None
    assert torch.equal(state["model"]["weight"], torch.full((500,), float(state["epoch"])))
    return int(state["epoch"])


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_empty_folder_has_no_state(tmp_path: Path) -> None:
    assert newest(tmp_path) is None


@pytest.mark.parametrize("keep", [1, 2, 4])
def test_the_newest_are_kept_and_the_manifest_holds_their_digests(
    keep: int, tmp_path: Path
) -> None:
    store = CheckpointStore(tmp_path, keep)
    for epoch in range(1, 7):
        store.save_last(content(epoch))
    store.save_best(content(5))
    names = ["last.pt", *(f"last-{number}.pt" for number in range(1, keep))]
    assert {path.name for path in tmp_path.iterdir()} == {"best.pt", "manifest.json", *names}
    for name, epoch in zip([*names, "best.pt"], [*range(6, 6 - keep, -1), 5], strict=True):
        assert torch.load(tmp_path / name, weights_only=True)["epoch"] == epoch
    listed = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["files"]
    assert [entry["name"] for entry in listed] == sorted([*names, "best.pt"])
    for entry in listed:
        path = tmp_path / entry["name"]
        assert (entry["sha256"], entry["size"]) == (sha256_of(path), path.stat().st_size)
    assert newest(tmp_path, keep) == 6


@pytest.mark.slow
@given(
    at=st.integers(0, 2**20),
    damage=st.sampled_from(["flip", "cut", "empty"]),
    name=st.sampled_from(["last.pt", "manifest.json"]),
)
def test_a_damaged_newest_file_falls_back_to_the_one_before(
    at: int, damage: str, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("checkpoints")
    store = CheckpointStore(folder, 2)
    for epoch in (1, 2):
        store.save_last(content(epoch))
    data = bytearray((folder / name).read_bytes())
    if damage == "flip":
        data[at % len(data)] ^= 1 << at % 8
    else:
        data = data[: at % len(data) if damage == "cut" else 0]
    (folder / name).write_bytes(data)
    # Both states are intact; a damaged manifest must not cost an intact file.
    assert newest(folder) in ((1,) if name == "last.pt" else (1, 2))
    # Training continues, and the next checkpoint is found again.
    again = reopened(folder)
    again.load_last(CPU)
    again.save_last(content(3))
    assert newest(folder) == 3


def test_the_fallback_is_logged_and_the_intact_file_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("graphrec"), "propagate", True)
    store = CheckpointStore(tmp_path, 2)
    for epoch in (1, 2):
        store.save_last(content(epoch))
    (tmp_path / "last.pt").write_bytes(b"broken")
    again = reopened(tmp_path)
    state = again.load_last(CPU)
    assert state is not None
    assert state["epoch"] == 1
    (warning,) = {record.getMessage() for record in caplog.records}
    assert warning.endswith(
        "last.pt does not match its sha256 in manifest.json; resuming from last-1.pt"
    )
    again.save_last(content(2))
    (tmp_path / "last.pt").write_bytes(b"broken once more")
    assert newest(tmp_path) == 1


def test_only_damaged_checkpoints_are_an_error(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, 2)
    for epoch in (1, 2):
        store.save_last(content(epoch))
    for name in ("last.pt", "last-1.pt"):
        (tmp_path / name).write_bytes(b"PK broken")
    with pytest.raises(OutputError, match="no other checkpoint is intact; start again with"):
        reopened(tmp_path).load_last(CPU)


def test_a_checkpoint_that_was_put_there_by_hand_is_judged_by_its_own_checksums(
    tmp_path: Path,
) -> None:
    store = CheckpointStore(tmp_path / "other", 2)
    (tmp_path / "other").mkdir()
    store.save_last(content(7))
    (tmp_path / "other" / "manifest.json").unlink()
    assert newest(tmp_path / "other") == 7


def test_a_full_disk_leaves_all_files_intact(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, 2)
    for epoch in (1, 2):
        store.save_last(content(epoch))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for size in (0, 100, 1000, 3000):
        with small_files(size), pytest.raises(OutputError, match=r"^cannot write [^\n]+$"):
            store.save_last(content(3))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    store.save_last(content(3))
    assert newest(tmp_path) == 3


FAULTS = ("open", "fsync", "replace")


@pytest.mark.parametrize("fault", FAULTS)
def test_an_intact_state_survives_any_failing_system_call(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let the n-th system call fail, for every n of a write."""
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        store = CheckpointStore(folder, 2)
        for epoch in (1, 2):
            store.save_last(content(epoch))
        calls = 0
        real: Callable[..., Any] = getattr(os, fault)

        def broken(*words: Any, real: Callable[..., Any] = real, fails: int = number) -> Any:
            nonlocal calls
            calls += 1
            if calls > fails:
                raise OSError(errno.EIO, "Input/output error")
            return real(*words)

        with monkeypatch.context() as patch:
            patch.setattr(os, fault, broken)
            with suppress(OutputError):
                store.save_last(content(3))
        assert newest(folder) in (2, 3)
        if calls <= number:
            assert newest(folder) == 3
            return
    raise AssertionError(f"{fault} is called more often than expected")


@pytest.mark.slow
def test_random_kills_between_the_moves_are_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill the process at a rename, so that nothing is cleaned up."""

    class Killed(BaseException):
        pass

    draws = random.Random(1)
    real = os.replace
    expected = 0
    for epoch in range(1, 60):
        store = reopened(tmp_path, 3)
        store.load_last(CPU)
        left = draws.randrange(5)

        def replace(source: Path, target: Path) -> None:
            nonlocal left
            if not left:
                raise Killed
            left -= 1
            real(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace)
            try:
                store.save_last(content(epoch))
                expected = epoch
            except Killed:
                pass
        found = newest(tmp_path, 3)
        assert found in (expected or None, epoch)
        expected = found or 0
    assert expected > 20
