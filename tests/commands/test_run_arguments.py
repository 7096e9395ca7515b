"""The words after a command that takes a run directory."""

from __future__ import annotations

from pathlib import Path

from graphrec_cli.commands.run_arguments import RunWords, sort_run_words


def test_a_commands_own_keys_are_text() -> None:
    words = ["latest", "output_dir=a=b", "seed=1", "part=null"]
    given = sort_run_words("evaluate", words, own=("part",), overridable=("seed",))
    assert given == RunWords("latest", Path("a=b"), {"part": "null"}, ["seed=1"])
