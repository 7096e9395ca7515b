"""A tiny run, trained once by the command itself, and the way to call commands in process."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphrec_cli.cli import main

TINY = (
    "dataset.num_users=60",
    "dataset.num_items=40",
    "dataset.mean_interactions=8",
    "trainer.epochs=2",
    "trainer.monitor=ndcg@5",
    "evaluation.ks=[5]",
    "num_threads=1",
    "plots=false",
)


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def run(self) -> Path:
        """The run directory, or the sweep's folder: the last line on stdout."""
        return self.folder / self.out.splitlines()[-1]


Command = Callable[..., Finished]


def call(folder: Path, *words: str) -> Finished:
    out, err = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stdout(out), redirect_stderr(err):
        code = main(list(words))
    return Finished(code, out.getvalue(), err.getvalue(), folder)


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Words for a run on a handful of rows of any data set."""
    return (
        "model.embedding_dim=8",
        "trainer.epochs=1",
        "trainer.monitor=ndcg@5",
        "evaluation.ks=[5]",
        "num_threads=1",
        "plots=false",
    )


@pytest.fixture
def full_size(tmp_path: Path) -> Command:
    """``full_size(words...)`` in an empty working directory; nothing is added to the words."""

    def command(*words: str) -> Finished:
        return call(tmp_path, *words)

    return command


@pytest.fixture
def graphrec(tmp_path: Path) -> Command:
    """``graphrec(words...)`` in an empty working directory; ``train`` is of a tiny run."""

    def command(*words: str) -> Finished:
        tiny = TINY if words[0] == "train" else ()
        return call(tmp_path, words[0], *tiny, *words[1:])

    return command


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A finished run with curves; not to be changed."""
    return call(tmp_path_factory.mktemp("trained"), "train", *TINY, "seed=7", "plots=true")
