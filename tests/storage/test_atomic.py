from __future__ import annotations

import csv
import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builders import file_size_limit

from graphrec_cli.errors import OutputError
from graphrec_cli.storage.atomic import atomic_write, write_csv, write_json


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(b"old")
    return path


def assert_untouched(target: Path) -> None:
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_the_file_appears_whole_at_the_end_of_the_block(target: Path) -> None:
    with atomic_write(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_error_in_the_block_leaves_the_old_file(target: Path, error: BaseException) -> None:
    def write_half() -> None:
        with atomic_write(target) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)) as caught:
        write_half()
    assert caught.value is error
    assert_untouched(target)


def test_a_full_disk_leaves_the_old_file(target: Path) -> None:
    def write_100_kb() -> None:
        with file_size_limit(20_000), atomic_write(target) as file:
            for _ in range(10):
                file.write(b"x" * 10_000)

    with pytest.raises(OutputError, match=r"^cannot write .*result\.json: [^\n]*another folder$"):
        write_100_kb()
    assert_untouched(target)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fails_late_leaves_the_old_file(
    target: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OutputError, match="No space left on device"):
            write_json(target, {"value": 1})
    assert_untouched(target)


def test_the_bytes_are_synced_before_the_rename_and_the_folder_after_it(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bytes]] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append(("folder" if is_folder else "file", target.read_bytes()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with atomic_write(target) as file:
        file.write(b"new")
    assert synced == [("file", b"old"), ("folder", b"new")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "metrics.json"
    with (
        pytest.raises(OutputError, match=r"^cannot write .*gone/metrics\.json: [^\n]*$"),
        atomic_write(path),
    ):
        pytest.fail("there is nothing to write to")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    path = tmp_path / "metrics.json"
    with umask(mask):
        write_json(path, {})
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_json_reads_back(tmp_path: Path) -> None:
    content = {"é": [1, 0.1, None, True], "nested": {"b": "雪", "a": 1e-300}}
    path = tmp_path / "config.json"
    write_json(path, content)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == content
    assert text.endswith("}\n")
    assert "雪" in text
    assert text.index("nested") < text.index('"b"') < text.index('"a"')


def test_csv_reads_back_whatever_its_text_holds(tmp_path: Path) -> None:
    rows = [["a,b", 'said "no"'], ["two\nlines", "a lone \r"], ["", "é"]]
    write_csv(tmp_path / "t.csv", ("name", "value"), [*rows, [None, 1.5]])
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["name", "value"], *rows, ["", "1.5"]]


def test_a_file_name_that_is_no_utf8_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "environment.json"
    command = ["graphrec", os.fsdecode(b"data_dir=/\xff\xe9")]
    write_json(path, command)
    assert json.loads(path.read_text(encoding="utf-8")) == command


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_json_cannot_say_is_refused(target: Path, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        write_json(target, {"loss": value})
    assert_untouched(target)
