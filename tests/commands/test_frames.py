"""The number of frames between the command line and the run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import graphrec_cli
from graphrec_cli.errors import Interrupted
from graphrec_cli.workflows import run_outcome

PACKAGE = Path(graphrec_cli.__file__).parent


@pytest.mark.parametrize("words", [["train"], ["train", "--from"], ["train", "resume"]])
def test_a_command_reaches_the_run_in_seven_calls(
    words: list[str],
    graphrec: Callable[..., Any],
    full_size: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    functions: list[str] = []

    def train(*args: object, **options: object) -> None:
        files = [frame for frame in inspect.stack()[1:] if PACKAGE in Path(frame.filename).parents]
        functions[:] = [frame.function for frame in reversed(files)]
        raise Interrupted(15)

    monkeypatch.setattr(run_outcome, "train", train)
    first = graphrec("train")
    if words == ["train", "--from"]:
        full_size("train", "--from", str(first.run), "seed=3")
    elif words == ["train", "resume"]:
        full_size("train", f"resume={first.run}", "trainer.epochs=3")
    assert functions[0] == "main"
    assert len([*functions, "train"]) <= 7, functions
