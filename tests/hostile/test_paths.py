"""Paths in a run directory, and where a saved configuration may put files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Refused = Callable[..., str]
READERS = (
    ("evaluate", "run"),
    ("recommend", "run"),
    ("reproduce", "run"),
    ("show", "run"),
    ("compare", "run"),
    ("train", "--from", "run"),
)
ENTRIES = ("data.npz", "checkpoints", "checkpoints/best.pt", "plots", "metrics.json", "train.log")


@pytest.mark.parametrize("name", ENTRIES)
def test_links_out_of_the_run_are_refused_by_every_command(
    name: str, run: Path, refused: Refused, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    if (run / name).exists():
        shutil.move(run / name, outside)
    else:
        outside.mkdir()
    (run / name).symlink_to(outside)
    for words in READERS:
        assert f"run/{name} is a link that points outside the run directory" in refused(*words)


@pytest.mark.parametrize("name", ["data.npz", "environment.json", "checkpoints/best.pt"])
def test_what_is_no_file_is_refused(name: str, run: Path, refused: Refused) -> None:
    (run / name).unlink()
    os.mkfifo(run / name)
    for words in READERS:
        assert "is neither a plain file nor a folder" in refused(*words)
    (run / name).unlink()
    (run / name).mkdir()
    assert "error: " in refused("reproduce" if name == "environment.json" else "evaluate", "run")


def of_lists(run: Path, **values: Any) -> None:
    """Change the saved data set to one that is downloaded."""
    content = json.loads((run / "config.json").read_text("utf-8"))
    kept = {key: content["dataset"][key] for key in ("prefilter", "k_core")}
    content["dataset"] = {"name": "adjacency_list", "folder": "ssh", "train": "keys", **kept}
    content["dataset"] |= {"valid": None, "test": None, "download": True, "base_url": None}
    content["dataset"] |= values
    (run / "config.json").write_text(json.dumps(content), encoding="utf-8")


ADDRESS = "http://127.0.0.1:9/x"


def test_a_saved_address_that_no_option_names_is_not_fetched(
    run: Path, refused: Refused, tmp_path: Path
) -> None:
    of_lists(run, base_url=ADDRESS)
    for words in (("train", "--from", "run"), ("reproduce", "run")):
        line = refused(*words)
        assert f"would download from {ADDRESS}, which no option of this release names" in line
        assert f"set dataset.base_url={ADDRESS} if you trust it" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "words", [[f"dataset.base_url={ADDRESS}"], ["dataset.download=false"], ["dataset=synthetic"]]
)
def test_what_the_command_itself_says_of_addresses_counts(
    words: list[str], run: Path, confined: Callable[..., Any], tmp_path: Path
) -> None:
    of_lists(run, base_url=ADDRESS)
    ended = confined(tmp_path, "train", "--from", "run", *words)
    assert "would download" not in ended.err
    assert (ended.code == 0) is (words == ["dataset=synthetic"])
