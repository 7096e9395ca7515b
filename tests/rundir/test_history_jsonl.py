"""history.jsonl of a run, and files that are not."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir.history_jsonl import load_history

ROW = {
    "epoch": 1,
    "step": 9,
    "loss": 0.5,
    "learning_rate": 0.1,
    "seconds": 1.5,
    "triplets_per_second": 3.0,
    "valid": {"ndcg@10": 0.25},
}


def line(**changed: object) -> str:
    return json.dumps(ROW | changed) + "\n"


def test_rows_come_back_without_an_unfinished_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    assert load_history(path) == []
    path.write_text(line() + line(epoch=2, valid=None) + '{"epoch": 3', "utf-8")
    assert load_history(path) == [ROW, ROW | {"epoch": 2, "valid": None}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}\n", "line 1 must be an object with epoch"),
        (line() + "nonsense\n", "line 2"),
        (line() + "\n", "line 2"),
        (line(loss="0.5"), "line 1: loss must be a number"),
        (line(loss=True), "line 1: loss must be a number"),
        (line(valid=[1]), "line 1: valid must be an object or null"),
        (line(valid={"mrr": None}), "line 1: mrr must be a number"),
        (line().replace("0.5", "NaN"), "NaN is not a JSON number"),
        (line().replace("0.5", "[" * 5000 + "]" * 5000), "nested too deeply"),
    ],
)
def test_other_content_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(OutputError, match=message) as refused:
        load_history(path)
    assert str(path) in str(refused.value)


@given(st.binary(max_size=200))
def test_no_bytes_end_in_another_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(data)
    with suppress(OutputError):
        load_history(path)
