"""A folder is there completely or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.storage.new_folder import new_folder, refuse_taken


@pytest.mark.parametrize("there", [False, True])
def test_the_folder_appears_with_its_files(tmp_path: Path, there: bool) -> None:
    wanted = tmp_path / "out"
    if there:
        wanted.mkdir()
    refuse_taken(wanted, "out")
    with new_folder(wanted) as folder:
        (folder / "a").write_text("1")
        assert not (wanted / "a").exists()
    assert (wanted / "a").read_text() == "1"
    assert list(tmp_path.iterdir()) == [wanted]


def test_nothing_is_left_of_a_failed_one(tmp_path: Path) -> None:
    def fail() -> None:
        with new_folder(tmp_path / "out") as folder:
            (folder / "a").write_text("1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_has_been_filled_meanwhile_is_left_alone(tmp_path: Path) -> None:
    def fill() -> None:
        with new_folder(tmp_path / "out"):
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "theirs").write_text("1")

    with pytest.raises(OutputError, match="cannot make"):
        fill()
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "theirs"]


def test_what_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for name, message in {
        "full": "not empty",
        "full/file": "not a folder",
        "link": "not a folder",
        "nowhere/out": "does not exist",
        "empty": "working directory",
        "n" * 300: "File name too long",
    }.items():
        with pytest.raises(ConfigError, match=message):
            refuse_taken(tmp_path / name, "out")
    with pytest.raises(ConfigError, match="working directory"):
        refuse_taken(Path(), "out")
