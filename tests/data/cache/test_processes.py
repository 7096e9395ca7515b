"""Processes that prepare the same data at once, or are killed while they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec_cli.config.evaluation import RankingConfig
from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.model import LightGCNConfig
from graphrec_cli.config.run import RunConfig
from graphrec_cli.config.sampler import UniformConfig
from graphrec_cli.config.serialize import SavedConfig, config_to_dict
from graphrec_cli.config.split import LeaveOneOutConfig
from graphrec_cli.config.store import SCHEMAS
from graphrec_cli.config.table import TableConfig

ROUNDS_AT_ONCE = 2
"""Rounds of two processes on one cache; may be raised."""
KILLS = 12
"""Processes killed while they build; may be raised."""


@dataclass(frozen=True)
class Server:
    """Processes on request."""

    process: subprocess.Popen[str]

    def run(self, *commands: list[str], kill_after: float | None = None) -> list[tuple[int, str]]:
        """Start a process a command, all at once; the exit code of each and what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        question = [(words, kill_after) for words in commands]
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return [(code, said) for code, said in json.loads(self.process.stdout.readline())]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    script = Path(__file__).with_name("forking_server.py")
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ) as process:
        server = Server(process)
        # It has imported all when it answers, so that the tests' times are those of commands.
        assert server.run() == []
        yield server
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of fifteen thousand rows, so that there is some time to be killed in."""
    path = tmp_path_factory.mktemp("data") / "ratings.csv"
    rng = np.random.default_rng(4)
    rows = np.stack([rng.integers(800, size=15_000), rng.integers(400, size=15_000)], axis=1)
    np.savetxt(path, rows, fmt="%d", delimiter=",", header="user,item", comments="")
    return path


def command(table: Path, cache: Path) -> list[str]:
    """The words of a command."""
    return [
        "data",
        "prepare",
        "dataset=table",
        f"dataset.path={table}",
        f"cache_dir={cache}",
        "--json",
    ]


def prepare(table: Path, cache: Path) -> list[str]:
    """The same as a saved configuration."""
    config = RunConfig(
        dataset=TableConfig(path=str(table)),
        split=LeaveOneOutConfig(),
        model=LightGCNConfig(),
        sampler=UniformConfig(),
        loss=BPRConfig(),
        evaluation=RankingConfig(),
        cache_dir=str(cache),
    )
    choices = dict.fromkeys((*SCHEMAS, "experiment"))
    cache.mkdir(exist_ok=True)
    path = cache / "config.json"
    path.write_text(json.dumps(config_to_dict(SavedConfig(config, choices))))
    return [str(path)]


def report(said: str) -> dict[str, Any]:
    content = json.loads(said.splitlines()[-1])
    assert isinstance(content, dict)
    return content


def whole(cache: Path) -> list[str]:
    """What lies in the cache under a name that is not temporary."""
    folder = cache / "prepared"
    return [p.name for p in folder.iterdir() if p.name[0] != "."] if folder.is_dir() else []


def test_two_at_once_both_succeed_and_one_entry_is_left(
    server: Server, table: Path, tmp_path: Path
) -> None:
    for number in range(ROUNDS_AT_ONCE):
        words = command(table, tmp_path / f"cache{number}")
        ended = server.run(words, words)
        assert [code for code, _ in ended] == [0, 0], ended
        reports = [report(said) for _, said in ended]
        assert {of["state"] for of in reports} <= {"built", "there"}
        assert "built" in {of["state"] for of in reports}
        assert len({of["split_hash"] for of in reports}) == 1
        entries = list((tmp_path / f"cache{number}" / "prepared").iterdir())
        assert [str(entry) for entry in entries] == [reports[0]["entry"]]
        ((code, said),) = server.run(words)
        assert (code, report(said)["state"]) == (0, "there")


def test_two_at_once_on_a_damaged_entry(server: Server, table: Path, tmp_path: Path) -> None:
    saved = prepare(table, tmp_path)
    first = report(server.run(saved)[0][1])
    for _ in range(ROUNDS_AT_ONCE):
        spoilt = Path(first["entry"]) / "train_item_index.npy"
        content = bytearray(spoilt.read_bytes())
        content[len(content) // 2] ^= 1
        spoilt.write_bytes(content)
        ended = server.run(saved, saved)
        assert [code for code, _ in ended] == [0, 0], ended
        reports = [report(said) for _, said in ended]
        assert "rebuilt" in {of["state"] for of in reports}
        assert {of["split_hash"] for of in reports} == {first["split_hash"]}
        assert [entry.name for entry in (tmp_path / "prepared").iterdir()] == [spoilt.parent.name]
        assert report(server.run(saved)[0][1])["state"] == "there"


def test_a_killed_build_leaves_nothing_half_written_under_an_entrys_name(
    server: Server, table: Path, tmp_path: Path
) -> None:
    started = time.monotonic()
    sound = report(server.run(prepare(table, tmp_path / "sound"))[0][1])
    seconds = time.monotonic() - started
    rng = np.random.default_rng(5)
    killed = 0
    for number in range(KILLS):
        cache = tmp_path / f"cache{number}"
        moment = seconds * rng.uniform(0.1, 1.0)
        ((code, _),) = server.run(prepare(table, cache), kill_after=moment)
        assert code in (0, -signal.SIGKILL)
        if code == 0:
            seconds = moment  # it takes less time than the first one did
        killed += code != 0
        left = whole(cache)
        ((code, said),) = server.run(prepare(table, cache))
        assert code == 0, said
        after = report(said)
        assert after["state"] == ("there" if left else "built")
        assert after["split_hash"] == sound["split_hash"]
        assert whole(cache) == [Path(after["entry"]).name]
    assert killed


def test_a_killed_repair_is_repaired_by_the_next(
    server: Server, table: Path, tmp_path: Path
) -> None:
    started = time.monotonic()
    sound = report(server.run(prepare(table, tmp_path))[0][1])
    seconds = time.monotonic() - started
    entry = Path(sound["entry"])
    rng = np.random.default_rng(6)
    for _ in range(KILLS // 3):
        (entry / "entry.json").write_text("{}")
        server.run(prepare(table, tmp_path), kill_after=seconds * rng.uniform(0.1, 1.0))
        ((code, said),) = server.run(prepare(table, tmp_path))
        assert code == 0, said
        assert report(said)["split_hash"] == sound["split_hash"]
        assert whole(tmp_path) == [entry.name]
