"""The words after a command that takes a run directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec_cli.commands.run_arguments import (
    LARGEST,
    NamedWords,
    RunWords,
    sort_named_words,
    sort_run_words,
    whole_number,
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


@pytest.mark.parametrize(
    ("text", "least", "most", "value"),
    [("0", 0, LARGEST, 0), ("007", 1, 7, 7), (str(LARGEST), 1, LARGEST, LARGEST)],
)
def test_a_whole_number_is_read(text: str, least: int, most: int, value: int) -> None:
    assert whole_number("k", text, least, most) == value


@pytest.mark.parametrize(
    ("text", "most", "words"),
    [
        ("0", LARGEST, "of at least 1"),
        ("-1", LARGEST, "of at least 1"),
        ("1e3", LARGEST, "of at least 1"),
        ("", LARGEST, "of at least 1"),
        ("\u0663", LARGEST, "of at least 1"),  # a digit, but not an ASCII one
        (str(LARGEST + 1), LARGEST, "of at least 1"),
        ("9" * 5000, LARGEST, "of at least 1"),
        ("1001", 1000, "from 1 to 1,000"),
    ],
)
def test_what_is_no_whole_number_in_the_range_is_refused(text: str, most: int, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        whole_number("k", text, 1, most)
    assert str(refused.value) == f"k must be a whole number {words}, got '{text}'"
