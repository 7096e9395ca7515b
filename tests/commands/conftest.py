"""A tiny run, trained once by the command, and fixtures that call commands in process."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import TINY, TINY_SETTINGS, Command, Finished, call
from comparisons import COMPARED


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Words for a run on a handful of rows of any data set."""
    return (*TINY_SETTINGS, "model.embedding_dim=8", "trainer.epochs=1")


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
        tiny = _tiny_words(words) if words[0] == "train" else ()
        return call(tmp_path, words[0], *tiny, *words[1:])

    return command


def _tiny_words(words: tuple[str, ...]) -> tuple[str, ...]:
    """A model that is not trained refuses a number of epochs."""
    solved = {
        f"model={name}" for name in ("popularity", "itemknn", "ease", "gfcf", "chebycf")
    } & set(words)
    return tuple(word for word in TINY if not (solved and word == "trainer.epochs=2"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A finished run with curves; not to be changed."""
    return call(tmp_path_factory.mktemp("trained"), "train", *TINY, "seed=7", "plots=true")


@pytest.fixture(scope="session")
def two_samplers(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A sweep of two samplers with two seeds each, on one split; not to be changed."""
    words = ("sampler=uniform,hardneg", "seed=1,2", "split.seed=1")
    done = call(tmp_path_factory.mktemp("sweep"), "train", "-m", *COMPARED, *words)
    assert done.code == 0, done.err
    return done
