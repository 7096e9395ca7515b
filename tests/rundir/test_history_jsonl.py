"""history.jsonl is read line by line, and a malformed line is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.history_jsonl import Epoch, read_history


def test_the_epochs_come_back(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(
        '{"epoch": 1, "step": 9, "loss": 2, "valid": null}\n'
        '{"epoch": 2, "loss": 0.5, "valid": {"mrr": 0.25}}\n'
    )
    assert read_history(path) == [Epoch(1, 2.0, {}), Epoch(2, 0.5, {"mrr": 0.25})]


def test_a_run_that_trained_nothing_has_no_epochs(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl") == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1]", "expected a JSON object"),
        ('{"epoch": true, "loss": 1}', "'epoch' and 'loss' must be numbers"),
        ('{"epoch": 1, "loss": NaN}', "NaN is not a JSON number"),
        ('{"epoch": 1, "loss": 1, "valid": {"mrr": "x"}}', "'valid' must be null or an object"),
        (f'{{"epoch": 1, "loss": {"9" * 400}}}', "too large"),
        ('{"epoch": 1', "line 2"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(f'{{"epoch": 1, "loss": 1, "valid": null}}\n{line}\n')
    with pytest.raises(OutputError, match=message) as caught:
        read_history(path)
    assert "line 2" in str(caught.value)


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_end_in_one_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(data)
    message = ""
    try:
        read_history(path)
    except OutputError as error:
        message = str(error)
    # Only blank bytes have no line, and any other line must be an object.
    assert ("history.jsonl: line " in message) or not data.splitlines()


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    with path.open("wb") as file:
        file.truncate(20 * 2**20)
    with pytest.raises(OutputError, match="limit of 16,777,216 bytes"):
        read_history(path)
