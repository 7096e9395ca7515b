"""``graphrec train -m``: every run is trained even if others fail, and a table ends the sweep."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import read_json as read

from graphrec_cli.errors import ConfigError, GraphrecError
from graphrec_cli.rundir.directory import RunDirectory


@pytest.mark.slow
def test_a_sweep_goes_on_after_a_failed_run_and_ends_with_a_table(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "plots=false", "loss=bpr", "trainer.learning_rate=0.01,1e38,0.1", "-m")
    assert done.code == 5
    header, _, *rows, floor, folder = done.out.splitlines()
    assert header.split()[:5] == ["run", "valid", "ndcg@5", "test", "ndcg@5"]
    assert floor.startswith("run 1, 3: model=")
    assert sorted(row.split()[0] for row in rows) == ["1", "2", "3"]
    assert rows[2].split()[:3] == ["2", "-", "-"]
    assert "a weight became NaN or infinite" in rows[2]
    valid = [float(row.split()[1]) for row in rows[:2]]
    assert valid == sorted(valid, reverse=True)
    runs = [path.parent for path in done.folder.glob("outputs/*_sweep/*/status.json")]
    assert sorted(read(run / "status.json")["status"] for run in runs) == [
        "completed",
        "completed",
        "failed",
    ]
    assert (done.folder / folder).parent == done.folder / "outputs"
    assert [path.name for path in done.folder.iterdir()] == ["outputs"]


@pytest.mark.slow
def test_a_sweep_in_json(graphrec: Callable[..., Any]) -> None:
    done = graphrec("train", "model=popularity", "-m", "seed=1,2", "--json")
    results = json.loads(done.out.splitlines()[0])
    assert [result["overrides"][-1] for result in results] == ["seed=1", "seed=2"]
    assert [result["exit_code"] for result in results] == [0, 0]


@pytest.mark.parametrize("words", [["-m", "seed=1,2"], ["seed=1,2", "-m"]])
def test_a_bad_value_in_a_sweep_stops_it_before_the_first_run(
    words: list[str], graphrec: Callable[..., Any]
) -> None:
    done = graphrec("train", *words, "trainer.epochs=2,0")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: trainer\.epochs must be [^\n]*, got 0\n", done.err)
    assert list(done.folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("error", [ConfigError, ZeroDivisionError])
def test_a_run_that_has_no_folder_does_not_end_the_sweep(
    error: type[Exception], graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder, calls = RunDirectory.in_folder, []

    def fail_once(folder: Path) -> RunDirectory:
        calls.append(folder)
        if len(calls) == 2:
            raise error("no room for it")
        return in_folder(folder)

    monkeypatch.setattr(RunDirectory, "in_folder", fail_once)
    done = graphrec("train", "model=popularity", "-m", "seed=1,2,3")
    assert done.code == (error.exit_code if issubclass(error, GraphrecError) else 1)
    assert len(calls) == 3
    _, _, *rows, folder = done.out.splitlines()
    assert sorted(row.split()[0] for row in rows) == ["1", "2", "3"]
    assert rows[2].split()[:3] == ["2", "-", "-"]
    assert rows[2].endswith("no room for it")
    assert (done.folder / folder / "results/2.json").is_file()
    assert len(list(done.folder.glob("outputs/*_sweep/*/metrics.json"))) == 2


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_stops_a_sweep_before_the_first_run(
    graphrec: Callable[..., Any],
) -> None:
    done = graphrec("train", "device=cpu,cuda", "-m")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"error: device=cuda [^\n]+\n", done.err)
    assert list(done.folder.iterdir()) == []


@pytest.mark.slow
def test_a_signal_at_the_end_of_a_run_ends_the_sweep(
    graphrec: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes while ``completed`` is written: that run is complete, no other starts."""
    write_status = RunDirectory.write_status

    def interrupted(self: RunDirectory, state: str, error: str | None = None) -> None:
        if state == "completed":
            signal.raise_signal(signal.SIGTERM)
        write_status(self, state, error)

    monkeypatch.setattr(RunDirectory, "write_status", interrupted)
    done = graphrec("train", "plots=false", "-m", "seed=1,2")
    assert done.code == 143
    (run,) = [path.parent for path in done.folder.glob("outputs/*_sweep/*/status.json")]
    assert read(run / "status.json")["status"] == "completed"
    single = graphrec("train", "plots=false")
    assert single.code == 0
    assert "ndcg@5" in single.out
