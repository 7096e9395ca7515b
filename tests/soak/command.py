"""Call the command line, in this or a new process, and check what every call must keep."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from builders import PATIENCE_S

from graphrec_cli.cli import main

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Called:
    """The result of a command.

    Attributes:
        words: after ``graphrec``.
        code: its exit code.
        out, err: what it printed.
    """

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"{[word[:120] for word in self.words]} ended with {self.code}, {self.err[-300:]!r}"

    def error(self) -> str:
        """The one line of a refusal.

        Raises:
            AssertionError: stderr has more or less than one line, or a control character.
        """
        lines = [line for line in self.err.split("\n") if line]
        assert lines, f"no error line: {self}"
        assert lines[-1].startswith("error: "), f"the last line is not an error: {self}"
        errors = [line for line in lines if line.startswith("error: ")]
        assert len(errors) == 1, f"more than one line of error: {self}"
        assert lines[-1].isprintable(), f"control characters in the error: {self}"
        assert len(lines[-1]) < 2_000, f"an endless error: {self}"
        return lines[-1]


def call(words: Sequence[str], *, own_process: bool = False) -> Called:
    """Run ``graphrec`` with these words.

    Raises:
        AssertionError: the command printed a warning or a traceback, or raised SystemExit.
    """
    called = _subprocess(words) if own_process else _in_process(words)
    assert "Traceback" not in called.out + called.err, f"a traceback: {called}"
    assert "Warning" not in called.err, f"a warning: {called}"
    return called


def can_be_passed(words: Sequence[str]) -> bool:
    """Whether an operating system passes these words to a process."""
    try:
        return all("\0" not in word and len(os.fsencode(word)) < 100_000 for word in words)
    except UnicodeEncodeError:  # a lone surrogate, which no byte stands for
        return False


def sometimes(rng: random.Random, share: float) -> bool:
    """True for this share of the draws."""
    return rng.random() < share


def _in_process(words: Sequence[str]) -> Called:
    # As on a terminal, only UTF-8 can be printed.
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    with (
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        warnings.simplefilter("always")
        code = main(list(words))
    called = Called(tuple(words), code, _written(out), _written(err))
    assert not caught, f"a warning, {caught[0].message}: {called}"
    return called


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


def _subprocess(words: Sequence[str]) -> Called:
    done = subprocess.run(
        [sys.executable, "-m", "graphrec_cli", *words],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )
    err = done.stderr.decode("utf-8", "backslashreplace")
    return Called(tuple(words), done.returncode, done.stdout.decode("utf-8"), err)
