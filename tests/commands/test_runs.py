"""``graphrec runs``: which runs it lists, in which order, and what it shows of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import PATIENCE_S, Command, Finished, call
from hypothesis import given, settings
from hypothesis import strategies as st
from made_runs import config_of, history_row, make_run

from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.lock import held_lock
from graphrec_cli.rundir.run_list import best_first
from graphrec_cli.rundir.run_summary import RunSummary

ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with five runs of three states under ``outputs``, ``a`` the newest."""
    out = tmp_path / "outputs"
    make_run(out / "a", valid={"ndcg@10": 0.1, "mrr": 0.9}, test={"ndcg@10": 0.9}, started=50)
    make_run(out / "b", config=config_of(model="mf"), valid={"ndcg@10": 0.3}, started=40)
    make_run(out / "s_sweep" / "1", valid={"ndcg@10": 0.2}, split_hash="ff" * 32, started=30)
    gowalla = config_of(dataset="adjacency_list")
    gowalla["choices"]["dataset"] = "gowalla"
    make_run(out / "c", config=gowalla, state="failed", started=20)
    rated = config_of(evaluation={"name": "rating"}, split="ratio")
    make_run(out / "d", config=rated, state="pruned", valid={"rmse": 0.8}, started=10)
    return tmp_path


def names(done: Finished) -> list[str]:
    """The directories in a list of ``--json``, relative to ``outputs``."""
    assert done.code == 0, done.err
    listed = json.loads(done.out)
    return [str(Path(run["run"]).relative_to(done.folder / "outputs")) for run in listed]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["a", "b", "s_sweep/1", "c", "d"]),
        (["model=mf"], ["b"]),
        (["model=mf,lightgcn", "state=failed,pruned"], ["c", "d"]),
        (["dataset=gowalla"], ["c"]),
        (["dataset=adjacency_list"], ["c"]),
        (["dataset=synthetic"], []),
        (["split=ratio"], ["d"]),
        (["split=f"], ["s_sweep/1"]),
        (["split=1a2b3c4d"], ["a", "b", "c", "d"]),
        (["split=ff,ratio"], ["s_sweep/1", "d"]),
        (["split=abc"], []),
        (["sort=ndcg@10"], ["b", "s_sweep/1", "a", "c", "d"]),
        (["sort=mrr"], ["a", "b", "s_sweep/1", "c", "d"]),
        (["sort=ndcg@10", "most=2"], ["b", "s_sweep/1"]),
        (["most=1", "state=pruned"], ["d"]),
        (["most=0"], ["a", "b", "s_sweep/1", "c", "d"]),
    ],
)
def test_what_is_listed(words: list[str], expected: list[str], folder: Path) -> None:
    assert names(call(folder, "runs", "--json", *words)) == expected


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("model=lightgnc", "did you mean 'lightgcn'?"),
        ("dataset=gowala", "did you mean 'gowalla'?"),
        ("state=interupted", "did you mean 'interrupted'?"),
        ("split=leave_one", "did you mean 'leave_one_out'?"),
        ("split=", "split: no run has ''"),
        ("sort=ndgc@10", "did you mean 'ndcg@10'?"),
        ("sort=recall@10", "(metrics: ndcg@10, mrr, rmse)"),
        ("most=-1", "most must be a whole number"),
        ("modell=mf", "did you mean 'model'?"),
        ("latest", "runs takes key=value"),
        ("output_dir=absent", "there is no folder absent"),
    ],
)
def test_wrong_words(word: str, said: str, folder: Path) -> None:
    done = call(folder, "runs", word)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_the_table(folder: Path) -> None:
    lines = call(folder, "runs", "most=3").out.splitlines()
    assert lines[0] == "5 runs under outputs, newest first"
    assert lines[1].split() == ["when", "model", "data", "set", "state", "metric", "valid", "test"]
    figures = ["lightgcn", "goodbooks", "completed", "ndcg@10", "0.1000", "0.9000"]
    assert lines[3].split()[2:] == figures
    assert lines[4] == "  a  leave_one_out 1a2b3c4d"
    assert lines[-1] == "2 more; most=0 lists all"
    shown = call(folder, "runs", "sort=mrr").out
    assert "best valid mrr first" in shown
    assert "0.9000" in shown


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    assert call(tmp_path, "runs").out == "no run under outputs\n"
    assert call(tmp_path, "runs", "--json", "sort=x").out == "[]\n"


NAME = st.text("abcdefghij_", min_size=1, max_size=46)


@settings(max_examples=15)
@given(path=NAME, model=NAME, dataset=NAME, split=st.text("abc_", min_size=1, max_size=13))
def test_no_line_is_wider_than_a_terminal(
    path: str, model: str, dataset: str, split: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("wide")
    config = config_of(model=model[:8], dataset=dataset, split=split)
    run = folder / "outputs" / "2026-01-31_12-00-00_sweep" / path
    make_run(run, config=config, state="interrupted", valid={"ndcg@10": 0.5})
    done = call(folder, "runs")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert path in done.out


VALUES = st.lists(
    st.none() | st.dictionaries(st.sampled_from(["ndcg@10", "rmse"]), st.floats(-2, 2)), max_size=8
)


@given(values=VALUES, metric=st.sampled_from(["ndcg@10", "rmse"]))
def test_the_order_is_that_of_the_valid_value(
    values: list[dict[str, float] | None], metric: str
) -> None:
    runs = [
        RunSummary(path=Path(str(number)), started=0, valid=valid, test={metric: -number})
        for number, valid in enumerate(values)
    ]
    having = [run for run in runs if run.valid and metric in run.valid]
    if not having:
        return
    ordered = best_first(runs, metric)
    assert sorted(ordered, key=lambda run: str(run.path)) == runs
    sign = 1 if metric == "rmse" else -1
    keys = [sign * run.valid[metric] if run in having and run.valid else 9 for run in ordered]
    assert keys == sorted(keys)
    without = [run for run in ordered if run not in having]
    assert without == [run for run in runs if run not in having]


def test_an_unfinished_run_shows_its_best_valid_value_so_far(tmp_path: Path) -> None:
    run = make_run(tmp_path / "outputs" / "r", state="running")
    rows = [history_row(n, {"ndcg@10": value}) for n, value in enumerate((0.1, 0.4, 0.2), 1)]
    text = "\n".join(map(json.dumps, rows))
    (run / "history.jsonl").write_text(f'{text}\n{{"epoch": 4, "lo', encoding="utf-8")
    (killed,) = json.loads(call(tmp_path, "runs", "--json").out)
    assert (killed["state"], killed["valid"]) == ("interrupted", {"ndcg@10": 0.4})
    assert killed["error"] == "its process was killed"
    with held_lock(RunDirectory(run).lock):
        (running,) = json.loads(call(tmp_path, "runs", "--json").out)
    assert (running["state"], running["ended"]) == ("running", None)


DAMAGES: list[tuple[str, Any]] = [
    ("config.json", "{"),
    ("config.json", "[]"),
    ("config.json", "{}"),
    ("config.json", '{"choices": 3, "model": {"name": []}}'),
    ("config.json", json.dumps(config_of(model={"name": 3}))),
    ("config.json", "[" * 100_000),
    ("environment.json", '{"split_hash": 7}'),
    ("environment.json", "\0"),
    ("status.json", "{"),
    ("status.json", '{"status": "completed", "time": 3}'),
    ("metrics.json", None),
    ("metrics.json", '{"valid": {"ndcg@10": "0.5"}}'),
    ("metrics.json", '{"valid": [1]}'),
    ("metrics.json", '{"valid": {"ndcg@10": ' + "9" * 400 + "}}"),
    ("metrics.json", '{"valid": {"ndcg@10": NaN}}'),
    ("metrics.json", '{"valid": {"ndcg@10": true}}'),
    ("metrics.json", '{"monitor": ["x"]}'),
]


@pytest.mark.parametrize(("file", "text"), DAMAGES, ids=lambda value: str(value)[:40])
def test_damaged_files_are_a_state(file: str, text: str | None, tmp_path: Path) -> None:
    run = make_run(tmp_path / "outputs" / "r", valid={"ndcg@10": 0.5})
    make_run(tmp_path / "outputs" / "whole", valid={"ndcg@10": 0.5}, started=5)
    if text is None:
        (run / file).unlink()
    else:
        (run / file).write_text(text, encoding="utf-8")
    listed = json.loads(call(tmp_path, "runs", "--json", "sort=ndcg@10").out)
    states = {Path(run["run"]).name: run["state"] for run in listed}
    assert states == {"r": "damaged", "whole": "completed"}
    (damaged,) = json.loads(call(tmp_path, "runs", "--json", "state=damaged").out)
    assert f"outputs/r/{file}" in damaged["error"]
    assert "damaged" in call(tmp_path, "runs").out


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.json"
    outside.write_text(json.dumps({"valid": {"ndcg@10": 1.0}, "test": None}))
    for number, name in enumerate(("metrics.json", "environment.json", "status.json")):
        run = make_run(tmp_path / "outputs" / f"linked{number}")
        (run / name).unlink()
        (run / name).symlink_to(outside)
    run = make_run(tmp_path / "outputs" / "locked", state="running")
    (run / "run.lock").symlink_to(outside)
    piped = make_run(tmp_path / "outputs" / "piped")
    (piped / "config.json").unlink()
    os.mkfifo(piped / "config.json")
    before = outside.read_bytes()
    listed = json.loads(call(tmp_path, "runs", "--json").out)
    assert len(listed) == 5
    assert {run["state"] for run in listed} == {"damaged"}
    assert outside.read_bytes() == before


def test_texts_of_a_run_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    hostile = config_of(model=ESCAPE, dataset=f"{ESCAPE}\n" * 50, split=ESCAPE)
    hostile["trainer"] = {"monitor": ESCAPE}
    make_run(tmp_path / "outputs" / f"r{ESCAPE}", config=hostile, split_hash=ESCAPE)
    for words in ([], [f"sort={ESCAPE}"], ["model=x"]):
        done = call(tmp_path, "runs", *words)
        assert all(line.isprintable() for line in (done.out + done.err).splitlines())
        assert "Traceback" not in done.err


@pytest.mark.slow
def test_a_list_needs_no_torch(folder: Path) -> None:
    program = (
        "import sys; from graphrec_cli.cli import main\n"
        "code = main(['runs', 'sort=ndcg@10']) or main(['show', 'latest'])\n"
        "sys.exit(code or bool({'torch', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_real_run_is_listed(trained: Finished, graphrec: Command) -> None:
    metrics = json.loads((trained.run / "metrics.json").read_text("utf-8"))
    done = graphrec("runs", f"output_dir={trained.folder / 'outputs'}", "--json")
    (run,) = json.loads(done.out)
    assert Path(run["run"]).samefile(trained.run)
    assert (run["valid"], run["test"]) == (metrics["valid"], metrics["test"])
    assert (run["state"], run["monitor"], run["seeds"]) == ("completed", "ndcg@5", {"seed": 7})
    environment = json.loads((trained.run / "environment.json").read_text("utf-8"))
    assert run["split_hash"] == environment["split_hash"]
