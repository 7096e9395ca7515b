"""Processes that prepare the same data at once, or are killed while they do."""

from __future__ import annotations

import itertools
import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forker import PEACE, Fate, Forker, Life

pytestmark = pytest.mark.slow

ROUNDS_AT_ONCE = 2
"""Rounds of two processes on one cache; may be raised."""
EVENTS_APART = 3
"""File operations from one kill to the next; 1 tries them all."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of fifteen thousand rows, so that two processes build at the same time."""
    path = tmp_path_factory.mktemp("data") / "ratings.csv"
    rng = np.random.default_rng(4)
    rows = np.stack([rng.integers(800, size=15_000), rng.integers(400, size=15_000)], axis=1)
    np.savetxt(path, rows, fmt="%d", delimiter=",", header="user,item", comments="")
    return path


def command(table: Path) -> list[str]:
    """The words that prepare it in the folder ``cache``."""
    return [
        "data",
        "prepare",
        "dataset=table",
        f"dataset.path={table}",
        "cache_dir=cache",
        "--json",
    ]


def report(life: Life) -> dict[str, Any]:
    assert life.code == 0, life
    content = json.loads(life.out.splitlines()[-1])
    assert isinstance(content, dict)
    return content


def at_once(forker: Forker, folder: Path, words: list[str]) -> list[dict[str, Any]]:
    """The reports of two processes with the same command."""
    return [report(life) for life in forker.live_together(folder, words, [PEACE, PEACE])]


def entries(cache: Path) -> list[str]:
    """The files of the cache whose names are not temporary."""
    folder = cache / "prepared"
    return [p.name for p in folder.iterdir() if p.name[0] != "."] if folder.is_dir() else []


def test_two_at_once_both_succeed_and_one_entry_is_left(
    forker: Forker, table: Path, tmp_path: Path
) -> None:
    for number in range(ROUNDS_AT_ONCE):
        folder = tmp_path / str(number)
        folder.mkdir()
        reports = [
            report(life) for life in forker.live_together(folder, command(table), [PEACE] * 2)
        ]
        assert {of["state"] for of in reports} <= {"built", "there"}
        assert "built" in {of["state"] for of in reports}
        assert len({of["split_hash"] for of in reports}) == 1
        left = [path.name for path in (folder / "cache" / "prepared").iterdir()]
        assert left == [Path(reports[0]["entry"]).name]
        assert report(forker.live(folder, command(table)))["state"] == "there"


def test_two_at_once_on_a_damaged_entry(forker: Forker, table: Path, tmp_path: Path) -> None:
    words = command(table)
    first = report(forker.live(tmp_path, words))
    entry = tmp_path / "cache" / "prepared" / Path(first["entry"]).name
    for _ in range(ROUNDS_AT_ONCE):
        spoilt = entry / "train_item_index.npy"
        content = bytearray(spoilt.read_bytes())
        content[len(content) // 2] ^= 1
        spoilt.write_bytes(content)
        reports = at_once(forker, tmp_path, words)
        assert "rebuilt" in {of["state"] for of in reports}
        assert {of["split_hash"] for of in reports} == {first["split_hash"]}
        assert list(entry.parent.iterdir()) == [entry]
        assert report(forker.live(tmp_path, words))["state"] == "there"


def test_a_killed_build_leaves_nothing_half_written_under_an_entrys_name(
    forker: Forker, table: Path, tmp_path: Path
) -> None:
    words = command(table)
    sound = report(forker.live(tmp_path, words))
    for event in itertools.count(1, EVENTS_APART):
        folder = tmp_path / str(event)
        folder.mkdir()
        life = forker.live(folder, words, Fate(event=event, below=str(folder / "cache")))
        if life.code == 0:
            break
        assert life.code == -signal.SIGKILL
        left = entries(folder / "cache")
        after = report(forker.live(folder, words))
        assert after["state"] == ("there" if left else "built")
        assert after["split_hash"] == sound["split_hash"]
        assert entries(folder / "cache") == [Path(after["entry"]).name]
    assert event > 5 * EVENTS_APART, "it was killed but a few times"


def test_a_killed_repair_is_repaired_by_the_next(
    forker: Forker, table: Path, tmp_path: Path
) -> None:
    words = command(table)
    sound = report(forker.live(tmp_path, words))
    cache = tmp_path / "cache"
    entry = cache / "prepared" / Path(sound["entry"]).name
    for event in itertools.count(1, 2 * EVENTS_APART):
        (entry / "entry.json").write_text("{}")
        life = forker.live(tmp_path, words, Fate(event=event, below=str(cache)))
        after = report(forker.live(tmp_path, words))
        assert after["split_hash"] == sound["split_hash"]
        assert entries(cache) == [entry.name]
        if life.code == 0:
            break
    assert event > 5 * EVENTS_APART, "it was killed but a few times"
