"""history.jsonl: what is read back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from made_runs import history_row

from graphrec_cli.errors import OutputError
from graphrec_cli.rundir import history
from graphrec_cli.rundir.history import best_row, read_history

ROWS = [history_row(1, {"ndcg@10": 0.1}), history_row(2, None), history_row(4, {"ndcg@10": 0.2})]


def written(folder: Path, *lines: str) -> Path:
    path = folder / "history.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_rows_are_read_back_without_the_one_being_written(tmp_path: Path) -> None:
    path = written(tmp_path, *map(json.dumps, ROWS))
    assert read_history(path) == ROWS
    for cut in ('{"epoch": 5', json.dumps(history_row(5, None))):
        path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS) + cut, encoding="utf-8")
        assert read_history(path) == ROWS
    assert read_history(tmp_path / "absent.jsonl") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epoch": "3"}, "line 2: 'epoch' must be a whole number"),
        ({"epoch": True}, "line 2: 'epoch' must be a whole number"),
        ({"epoch": 2**70}, "line 2: 'epoch' must be a whole number"),
        ({"epoch": 1}, "its epochs do not ascend"),
        ({"loss": None}, "line 2: 'loss' must be a number"),
        ({"seconds": [1]}, "line 2: 'seconds' must be a number"),
        ({"valid": {"ndcg@10": "x"}}, "line 2: 'valid' must be null or an object of numbers"),
        ({"valid": 3}, "line 2: 'valid' must be null or an object of numbers"),
    ],
)
def test_malformed_rows(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(ROWS[0]), json.dumps(history_row(2, None) | change))
    with pytest.raises(OutputError, match=r"^cannot read [^\n]*history\.jsonl: ") as refused:
        read_history(path)
    assert said in str(refused.value)


@pytest.mark.parametrize("line", ["[1]", "", "{", '{"loss": NaN}', "[" * 100_000, "\udc80"])
def test_lines_that_are_no_row(line: str, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(f"{line}\n".encode(errors="surrogateescape"))
    with pytest.raises(OutputError, match="line 1"):
        read_history(path)


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_HISTORY_BYTES", 100)
    with pytest.raises(OutputError, match="larger than the limit of 100 bytes"):
        read_history(written(tmp_path, *map(json.dumps, ROWS)))


def test_the_best_row_is_the_first_of_equals() -> None:
    rows = [
        history_row(n, None if v is None else {"x": v}) for n, v in enumerate((3, None, 1, 3, 1), 1)
    ]
    for lower, epoch in ((False, 1), (True, 3)):
        best = best_row(rows, "x", lower_is_better=lower)
        assert best is not None
        assert best["epoch"] == epoch
    assert best_row(rows, "y", lower_is_better=False) is None
