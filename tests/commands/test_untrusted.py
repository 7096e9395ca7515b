"""Run directories that somebody else may have made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphrec_cli.errors import ConfigError
from graphrec_cli.storage.bounded_json import read_json, refuse_links_out


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "gone").symlink_to("nothing")
    refuse_links_out(tmp_path, [tmp_path / "link", tmp_path / "absent"])
    with pytest.raises(ConfigError, match="neither a plain file nor a folder"):
        refuse_links_out(tmp_path, [tmp_path / "gone"])


def test_a_folder_that_is_itself_a_link_is_no_way_out(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").touch()
    (tmp_path / "link").symlink_to("run")
    refuse_links_out(tmp_path / "link", [tmp_path / "link" / "config.json"])


@pytest.mark.parametrize("target", ["../outside", "/dev/zero", "link"])
def test_other_links_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link").symlink_to(target)
    with pytest.raises(ConfigError, match="link"):
        refuse_links_out(tmp_path / "run", [tmp_path / "run" / "link"])


def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "status.json")
    with pytest.raises(ConfigError, match="neither a plain file nor a folder"):
        refuse_links_out(tmp_path, [tmp_path / "status.json"])


@pytest.mark.parametrize("text", ["{", "NaN", "[Infinity]", "[" * 100_000])
def test_what_is_no_json_is_a_value_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"\w"):
        read_json(tmp_path / "a.json")


def test_an_endless_json_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(" " * 8 + "[]", encoding="utf-8")
    assert read_json(tmp_path / "a.json", max_bytes=10) == []
    (tmp_path / "a.json").write_text(" " * 9 + "[]", encoding="utf-8")
    with pytest.raises(ValueError, match="larger than the limit of 10 bytes"):
        read_json(tmp_path / "a.json", max_bytes=10)


@pytest.mark.parametrize("command", ["evaluate", "recommend", "reproduce"])
def test_commands_refuse_a_run_whose_checkpoint_is_a_link_out_of_it(
    command: str, full_size: Callable[..., Any], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "secret").touch()
    (run / "checkpoints" / "best.pt").symlink_to("../../secret")
    done = full_size(command, str(run))
    assert done.code == 2
    assert "is a link that points outside the run directory" in done.err
    assert len(done.err.splitlines()) == 1
