"""docs/configuration.md is up to date."""

from __future__ import annotations

from pathlib import Path

from write_configuration import write_reference

from graphrec_cli.config.completion import complete_train

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
COMMAND = "python docs/write_configuration.py > docs/configuration.md"


def test_the_committed_file_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == write_reference(), f"write it again: {COMMAND}"


def test_every_key_that_completion_offers_is_there() -> None:
    text = DOCUMENT.read_text("utf-8")
    keys = [word[:-1] for word in complete_train("", []) if word.endswith("=")]
    assert not [key for key in keys if f"`{key}`" not in text]


def test_ranges_are_there() -> None:
    lines = DOCUMENT.read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("| `trainer.epochs` |")]
    assert line.startswith("| `trainer.epochs` | integer | `30` | at least 1 |")
