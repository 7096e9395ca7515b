"""A tiny run that each test spoils in its own way, and commands within bounds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("confined.py")
TINY = (
    "dataset.num_users=60",
    "dataset.num_items=40",
    "dataset.mean_interactions=8",
    "model.embedding_dim=8",
    "trainer.epochs=1",
    "trainer.monitor=ndcg@5",
    "evaluation.ks=[5]",
    "num_threads=1",
    "plots=false",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float


Confined = Callable[..., Ended]


@pytest.fixture(scope="session")
def confined() -> Iterator[Confined]:
    """``confined(folder, words...)``: a command with 4 GiB of memory and a minute at most."""
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        asked, answered = server.stdin, server.stdout

        def command(folder: Path, *words: str) -> Ended:
            print(json.dumps({"folder": str(folder), "words": words}), file=asked, flush=True)
            return Ended(**json.loads(answered.readline()))

        yield command
        asked.close()


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, confined: Confined) -> Path:
    """A finished run; not to be changed."""
    folder = tmp_path_factory.mktemp("clean")
    done = confined(folder, "train", *TINY)
    assert done.code == 0, done.err
    return folder / done.out.splitlines()[-1]


@pytest.fixture
def run(clean: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be spoilt."""
    return Path(shutil.copytree(clean, tmp_path / "run"))


@pytest.fixture
def refused(confined: Confined, tmp_path: Path) -> Callable[..., str]:
    """``refused(words...)``: the one line with which the command ends, and nothing else."""

    def command(*words: str) -> str:
        ended = confined(tmp_path, *words)
        lines = ended.err.splitlines()
        assert ended.code in (1, 2, 3, 4, 5), ended
        assert len(lines) == 1, ended.err
        assert lines[0].startswith("error: "), ended.err
        assert lines[0].isprintable()
        assert len(lines[0]) < 4100
        assert ended.seconds < 45
        assert not (tmp_path / "outputs").exists()
        return lines[0]

    return command
