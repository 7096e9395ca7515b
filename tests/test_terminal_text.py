"""Errors are printed on one line, with any message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.cli import main
from graphrec_cli.errors import DataError
from graphrec_cli.terminal_text import MAX_LINE, counted, one_line


@given(st.text(max_size=50))
def test_any_message_is_one_printable_line(text: str) -> None:
    line = one_line(DataError(text))
    assert line.isprintable()
    line.encode("utf-8")
    if text.isprintable():
        assert line == text


def test_escapes_are_shown_and_lines_joined() -> None:
    assert one_line(DataError("a\nb \x1b[2J\udcff\tc")) == r"a b \x1b[2J\udcff\tc"


def test_of_an_endless_message_both_ends_are_kept() -> None:
    line = one_line(DataError("first" + "x" * 10**6 + "last"))
    assert len(line) <= MAX_LINE + 5
    assert line.startswith("first")
    assert line.endswith("last")


@pytest.mark.parametrize("word", ["seed=\x1b[31m", "se\x07ed=1", "output_dir=\udcff", "a" * 10**5])
def test_words_cannot_command_the_terminal(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.removesuffix("\n").isprintable()
    assert len(err) < 2_000


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 users"), (1, "1 user"), (2, "2 users"), (1_000, "1,000 users")]
)
def test_a_count_of_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "user") == text
