"""The list of a run's files."""

from __future__ import annotations

from pathlib import Path

from builders import TINY, call

from graphrec_cli.rundir import run_files
from graphrec_cli.rundir.run_files import list_files


def test_every_file_of_a_run_is_known(tmp_path: Path) -> None:
    run = call(tmp_path, "train", *TINY).run
    files = list_files(run)
    there = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert {file.name for file in files} == there
    assert all(file.content for file in files)
    assert all(file.size == (run / file.name).stat().st_size for file in files)


def test_other_files_come_last_and_links_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    for name in ("a.txt", "metrics.json", "checkpoints/last-2.pt", "config.json"):
        (tmp_path / name).write_text("xy")
    (tmp_path / "link.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "plots").symlink_to("/")
    listed = [file.name for file in list_files(tmp_path)]
    assert listed == ["config.json", "metrics.json", "checkpoints/last-2.pt", "a.txt"]
    assert [file.content != "" for file in list_files(tmp_path)] == [True, True, True, False]


def test_a_folder_of_very_many_files_is_cut(tmp_path: Path) -> None:
    for number in range(run_files.MOST_FILES + 20):
        (tmp_path / f"{number}.txt").touch()
    assert len(list_files(tmp_path)) == run_files.MOST_FILES
