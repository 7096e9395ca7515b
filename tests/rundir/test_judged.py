"""The folder of judged lists: what is written comes back, and anything else is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec_cli.config.evaluation import MapDenominator
from graphrec_cli.errors import ConfigError, OutputError
from graphrec_cli.rundir.judged import (
    JudgedLists,
    is_judged,
    make_judged_folder,
    read_judged,
    write_judged,
)
from graphrec_cli.rundir.ranks_npz import load_ranks


def judged_in(folder: Path, **changed: Any) -> JudgedLists:
    values: dict[str, Any] = {
        "path": folder,
        "name": "als: 2 of 3",
        "part": "test",
        "split_hash": "a" * 64,
        "ks": [5, 10],
        "map_denominator": MapDenominator.held_out,
        "monitor": "ndcg@10",
        "file": {"name": "als.csv", "sha256": "b" * 64, "size": 3},
        "run": "outputs-1",
        "audit": {"rows": 1},
    }
    return JudgedLists(**(values | changed))


def write(judged: JudgedLists, run_data: Path) -> None:
    run_data.write_bytes(b"data")
    arrays: dict[str, Any] = {
        "user_index": np.array([0], dtype=np.int32),
        "item_index": np.array([2], dtype=np.int32),
        "rank": np.array([-1], dtype=np.int64),
    }
    write_judged(
        judged, arrays=arrays, metrics={"test": {}}, environment={"x": 1}, run_data=run_data
    )


@pytest.mark.parametrize("part", ["test", "valid"])
def test_what_is_written_comes_back(part: str, tmp_path: Path) -> None:
    folder = make_judged_folder(tmp_path / "out", "als: 2/3 ..")
    assert folder.name.endswith("_judged_als-2-3")
    judged = judged_in(folder, part=part)
    assert not is_judged(folder)
    write(judged, tmp_path / "data.npz")
    assert is_judged(folder)
    assert read_judged(folder) == judged
    assert (folder / "data.npz").read_bytes() == b"data"
    assert load_ranks(judged.ranks, num_users=1, num_items=3).rank.tolist() == [-1]
    # The ranks of another part must not be taken for those of test.
    assert (folder / "ranks.npz").exists() is (part == "test")


def test_a_name_without_letters_makes_a_folder(tmp_path: Path) -> None:
    assert make_judged_folder(tmp_path, "../ä").name.endswith("_judged_lists")
    assert make_judged_folder(tmp_path, "x" * 100).name.endswith(f"_judged_{'x' * 60}")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schema_version": 2}, "'schema_version' must be 1"),
        ({"name": ""}, "'name' must be a text of at most 100 characters"),
        ({"name": 3}, "'name'"),
        ({"split_hash": "A" * 64}, "'split_hash' must be a SHA-256 digest"),
        ({"ks": []}, "'ks'"),
        ({"ks": [True]}, "'ks'"),
        ({"ks": [0]}, "'ks'"),
        ({"part": "train"}, "'part' must be test or valid"),
        ({"part": ["test"]}, "'part' must be test or valid"),
        ({"map_denominator": "max"}, "'map_denominator' must be min or held_out"),
        ({"map_denominator": []}, "'map_denominator' must be min or held_out"),
        ({"audit": []}, "'audit' must be an object"),
        ({"file": None}, "'file' must be an object"),
    ],
)
def test_other_content_is_refused(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = make_judged_folder(tmp_path, "a")
    write(judged_in(folder), tmp_path / "data.npz")
    file = folder / "judged.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    with pytest.raises(OutputError, match=f"cannot read .*judged.json: {message}"):
        read_judged(folder)


def test_a_missing_file_and_a_link_out_are_refused(tmp_path: Path) -> None:
    folder = make_judged_folder(tmp_path, "a")
    with pytest.raises(OutputError, match=r"judged\.json: No such file"):
        read_judged(folder)
    (folder / "judged.json").write_text("[]")
    with pytest.raises(OutputError, match="expected a JSON object"):
        read_judged(folder)
    (folder / "ranks.npz").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="is a link that points outside"):
        read_judged(folder)
