"""A tiny run that each test damages in its own way, and commands with limits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import TINY
from forker import Fate, Forker, Life

CONFINED = Fate(memory_bytes=4 * 2**30, cpu_seconds=60, seconds=600)
"""The last ends a command that waits for ever; all others are bounded by what they compute."""

Confined = Callable[..., Life]


@pytest.fixture(scope="session")
def confined(forker: Forker) -> Confined:
    """``confined(folder, words...)``: a command with limited memory and CPU time."""

    def command(folder: Path, *words: str) -> Life:
        return forker.live(folder, words, CONFINED)

    return command


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory, confined: Confined) -> Path:
    """A finished run; not to be changed."""
    folder = tmp_path_factory.mktemp("clean")
    done = confined(folder, "train", *TINY, "model.embedding_dim=8", "trainer.epochs=1")
    assert done.code == 0, done.err
    return folder / done.out.splitlines()[-1]


@pytest.fixture
def run(clean: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be damaged."""
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
        assert not (tmp_path / "outputs").exists()
        return lines[0]

    return command
