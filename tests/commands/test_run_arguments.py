"""The words after a command that takes a run directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.commands.run_arguments import (
    NamedWords,
    RunWords,
    sort_named_words,
    sort_run_words,
)
from graphrec_cli.errors import ConfigError


def test_a_commands_own_keys_are_text() -> None:
    words = ["latest", "output_dir=a=b", "seed=1", "part=null"]
    given = sort_run_words("evaluate", words, own=("part",), overridable=("seed",))
    assert given == RunWords("latest", Path("a=b"), {"part": "null"}, ["seed=1"])


def test_a_command_of_several_runs_takes_all_names() -> None:
    given = sort_named_words(
        "compare", ["a", "k=1", "b"], own=("k",), takes="run directories", least=2, most=None
    )
    assert given == NamedWords(["a", "b"], Path("outputs"), {"k": "1"}, [])
    with pytest.raises(ConfigError, match=r"^compare takes run directories, then key=value"):
        sort_named_words("compare", ["a"], own=(), takes="run directories", least=2, most=None)
    with pytest.raises(ConfigError, match=r"^runs takes key=value"):
        sort_named_words("runs", ["a"], own=(), takes="", least=0, most=0)
