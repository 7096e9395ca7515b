"""``sweep.resume`` and ``sweep.autoresume``: in the end the same as an uninterrupted sweep."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import STDOUT
from typing import Any

import pytest
import torch
from builders import CPU, TINY, Command, Finished, call
from builders import read_json as read
from stop_in_run import stop_in_run

from graphrec_cli.config.arguments import sort_arguments
from graphrec_cli.rundir.directory import RunDirectory
from graphrec_cli.rundir.lock import held_lock
from graphrec_cli.training.checkpoints.file import load_checkpoint

pytestmark = pytest.mark.slow

WORDS = (*TINY, "plots=false", "evaluation.floor=null", "model.num_layers=1,2,3", "-m")
"""Three runs."""


def table(done: Finished) -> list[str]:
    """What is on the screen, without the sweep's folder."""
    return [line for line in done.out.splitlines()[:-1] if "--config-dir" not in line]


def one_line(text: str) -> str:
    """A text with its lines joined."""
    return " ".join(text.split())


def sweep_of(done: Finished) -> Path:
    return done.folder / done.out.splitlines()[-1]


def runs_of(done: Finished) -> list[Path]:
    return sorted(path.parent for path in sweep_of(done).glob("*/config.json"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The sweep that nothing interrupts."""
    done = call(tmp_path_factory.mktemp("whole"), "train", *WORDS)
    assert done.code == 0, done.err
    return done


def assert_same_sweep(done: Finished, whole: Finished) -> None:
    assert table(done) == table(whole)
    assert [run.name for run in runs_of(done)] == [run.name for run in runs_of(whole)]
    for run, other in zip(runs_of(done), runs_of(whole), strict=True):
        assert (run / "metrics.json").read_bytes() == (other / "metrics.json").read_bytes()
        mine, its = (load_checkpoint(path / "checkpoints/best.pt", CPU) for path in (run, other))
        assert all(torch.equal(mine["model"][name], its["model"][name]) for name in its["model"])


def test_a_sweep_is_a_folder_that_names_its_runs_first(whole: Finished) -> None:
    record = read(sweep_of(whole) / "sweep.json")
    assert record["words"] == sort_arguments(WORDS).overrides
    assert [job["values"] for job in record["jobs"]] == [{"num_layers": n} for n in "123"]
    assert [job["run"] for job in record["jobs"]] == [run.name for run in runs_of(whole)]
    assert len({job["config_sha256"] for job in record["jobs"]}) == 3
    assert sorted(path.name for path in whole.folder.iterdir()) == ["outputs"]
    assert [path.name for path in (whole.folder / "outputs").iterdir()] == [sweep_of(whole).name]


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("how", ["sweep.resume=latest", "sweep.autoresume=true"])
def test_an_interrupted_sweep_ends_as_a_whole_one(
    number: int, how: str, whole: Finished, full_size: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_in_run(number, patch)
        stopped = full_size("train", *WORDS)
    assert stopped.code == 143
    folder = stopped.out.splitlines()[-1]
    assert f"interrupted: graphrec train -m sweep.resume={folder} continues it" in stopped.err
    assert len(runs_of(stopped)) == number
    finished = [(run / "metrics.json").stat().st_mtime_ns for run in runs_of(stopped)[: number - 1]]
    words = WORDS if how.startswith("sweep.auto") else ("-m",)
    done = full_size("train", *words, how)
    assert done.code == 0, done.err
    assert sweep_of(done) == sweep_of(stopped)
    assert_same_sweep(done, whole)
    kept = [(run / "metrics.json").stat().st_mtime_ns for run in runs_of(done)[: number - 1]]
    assert kept == finished
    again = full_size("train", "-m", "sweep.resume=latest")
    assert (again.code, again.out) == (0, done.out)


@pytest.mark.slow
def test_runs_that_were_killed_before_their_config_begin_in_their_directories(
    whole: Finished, full_size: Command
) -> None:
    done = full_size("train", *WORDS)
    first, second, third = runs_of(done)
    for path in (second / "metrics.json", second / "status.json"):  # killed during the evaluation
        path.unlink()
    for path in third.rglob("*"):
        if path.is_file() and path.name != "run.lock":
            path.unlink()
    for path in (sweep_of(done) / "results").iterdir():
        path.unlink()
    again = full_size("train", "-m", f"sweep.resume={sweep_of(done)}")
    assert again.code == 0, again.err
    assert first.is_dir()
    assert_same_sweep(again, whole)


@pytest.mark.slow
def test_a_sweep_whose_process_is_killed_three_times_ends_as_a_whole_one(
    whole: Finished, tmp_path: Path
) -> None:
    words = ["-m", "graphrec_cli", "train"]
    signs = ("*_sweep/sweep.json", "*_sweep/2_*/history.jsonl", "*_sweep/3_*/config.json")
    for number, sign in enumerate(signs):
        more = WORDS if number == 0 else ("-m", "sweep.resume=latest")
        process = subprocess.Popen(
            [sys.executable, *words, *more], cwd=tmp_path, stdout=subprocess.PIPE, stderr=STDOUT
        )
        until = time.monotonic() + 120
        while not list((tmp_path / "outputs").glob(sign)) and time.monotonic() < until:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        process.kill()
        process.communicate()
        assert list((tmp_path / "outputs").glob(sign))
    done = call(tmp_path, "train", "-m", "sweep.resume=latest")
    assert done.code == 0, done.err
    assert_same_sweep(done, whole)


@pytest.mark.slow
def test_failed_runs_are_said_and_trained_again_only_if_asked(full_size: Command) -> None:
    words = (*TINY, "loss=bpr", "plots=false", "evaluation.floor=null", "-m")
    done = full_size("train", *words, "trainer.learning_rate=0.01,1e38")
    assert done.code == 1
    again = full_size("train", "-m", "sweep.resume=latest")
    assert (again.code, again.out) == (1, done.out)
    assert "it failed before: a weight became NaN" in again.err
    assert "sweep.retry_failed=true resumes it" in again.err
    retried = full_size("train", "-m", "sweep.resume=latest", "sweep.retry_failed=true")
    assert retried.code == 1
    assert "it failed before" not in retried.err
    assert "resuming" in retried.err.split("run 2 of 2")[1]


@pytest.mark.slow
def test_a_run_that_another_process_trains_is_left_alone(full_size: Command) -> None:
    done = full_size("train", *WORDS)
    (sweep, (first, *_)) = (sweep_of(done), runs_of(done))
    (first / "status.json").write_text('{"status": "running"}', encoding="utf-8")
    with held_lock(RunDirectory(first).lock):
        again = full_size("train", "-m", "sweep.resume=latest")
    assert again.code == 1
    assert "is in use by another process, which trains there" in one_line(again.out)
    with held_lock(sweep / "sweep.lock"):
        refused = full_size("train", "-m", "sweep.resume=latest")
    assert (refused.code, refused.out) == (2, "")
    assert "is in use by another process" in refused.err


def test_autoresume_without_such_a_sweep_starts_one(full_size: Command) -> None:
    words = ("dataset=synthetic", "model=popularity", "plots=false", "-m", "sweep.autoresume=true")
    first = full_size("train", *words, "split.seed=1,2")
    other = full_size("train", *words, "split.seed=1,3")
    again = full_size("train", *words, "split.seed=1,2")
    assert [done.code for done in (first, other, again)] == [0, 0, 0]
    assert sweep_of(again) == sweep_of(first) != sweep_of(other)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sweep.resume=latest",), "sweep.resume and the other sweep keys are for a sweep; add -m"),
        (("-m", "sweep.resume="), "sweep.resume takes the folder of a sweep, or 'latest'"),
        (("-m", "sweep.resume=latest"), "no sweep under outputs; name its folder, or set"),
        (("-m", "sweep.resume=elsewhere"), "elsewhere is not the folder of a sweep: it has no"),
        (("-m", "sweep.resum=x"), "unknown key 'sweep.resum'; did you mean 'sweep.resume'?"),
        (("-m", "sweep.autoresume=1"), "sweep.autoresume must be true or false, got '1'"),
        (("-m", "sweep.retry_failed=true"), "needs sweep.resume or sweep.autoresume"),
        (
            ("-m", "sweep.resume=a", "sweep.resume=b"),
            "sweep.resume is given twice; give it once",
        ),
        (("-m", "sweep.resume=a", "sweep.autoresume=true"), "give one of them"),
        (("-m", "seed=1,2", "trainer.autoresume=true"), "write sweep.autoresume=true to resume"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], message: str, full_size: Command) -> None:
    done = full_size("train", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert list(done.folder.iterdir()) == []


def test_a_resumed_sweep_has_its_own_words(whole: Finished) -> None:
    folder = sweep_of(whole)
    other = call(whole.folder, "train", "-m", f"sweep.resume={folder}", "model.num_layers=1,2")
    assert other.code == 2
    assert "was started with other words" in other.err
    again = call(whole.folder, "train", *WORDS, f"sweep.resume={folder / 'sweep.json'}")
    assert again.code == 0, again.err


Change = Callable[[dict[str, Any]], None]


def _words(*more: str) -> Change:
    return lambda record: record["words"].extend(more)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_words("output_dir=/tmp"), "output_dir=/tmp is only taken from the command line"),
        (_words("hydra/launcher=joblib"), "hydra/launcher=joblib is only taken from the command"),
        (_words("--config-dir=mine"), "--config-dir=mine is only taken from the command"),
        (_words("trainer.epohs=3"), "unknown key 'trainer.epohs'"),
        (_words("seed=4,5"), "has 3 runs, and the same words are 6"),
        (_words("seed=4"), "1_lightgcn_synthetic_uniform has other values with this release"),
        (
            lambda record: record.update(
                words=[
                    *("dataset=goodbooks", "dataset.download=true"),
                    *("dataset.ratings.url=http://localhost", "seed=1,2,3"),
                ]
            ),
            "would download from http://localhost, which no option of this release names",
        ),
        (lambda record: record.update(words="seed=1"), "words must be a list of texts"),
        (lambda record: record.update(schema_version=9), "expected an object of schema_version 1"),
        (lambda record: record["jobs"][0].update(run="../away"), "the name of a run directory"),
        (lambda record: record["jobs"][0].update(run=".."), "the name of a run directory"),
        (
            lambda record: record["jobs"][0].update(run=record["jobs"][1]["run"]),
            "two jobs have the same run directory",
        ),
    ],
)
def test_a_changed_sweep_json_is_refused_in_one_line(
    change: Change, message: str, whole: Finished, tmp_path: Path
) -> None:
    record = read(sweep_of(whole) / "sweep.json")
    change(record)
    (tmp_path / "sweep.json").write_text(json.dumps(record), encoding="utf-8")
    refused = call(tmp_path, "train", "-m", f"sweep.resume={tmp_path}")
    assert (refused.code, refused.out) == (2, "")
    assert message in refused.err
    assert refused.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.json"]


@pytest.mark.parametrize("entry", ["results", "logs", "sweep.lock", "1_lightgcn_synthetic_uniform"])
def test_links_out_of_the_folder_are_refused(entry: str, whole: Finished, tmp_path: Path) -> None:
    home, outside = tmp_path / "sweep", tmp_path / "outside"
    for folder in (home, outside):
        folder.mkdir()
    shutil.copy(sweep_of(whole) / "sweep.json", home)
    (home / entry).symlink_to(outside)
    refused = call(tmp_path, "train", "-m", f"sweep.resume={home}")
    assert (refused.code, refused.out) == (2, "")
    assert f"{entry} is a link that points outside" in refused.err
    assert list(outside.iterdir()) == []


@pytest.mark.slow
def test_a_link_in_a_run_directory_that_never_began_is_refused(
    whole: Finished, tmp_path: Path
) -> None:
    home, outside = tmp_path / "sweep", tmp_path / "outside"
    run = home / runs_of(whole)[0].name
    for folder in (home, outside, run):
        folder.mkdir()
    shutil.copy(sweep_of(whole) / "sweep.json", home)
    (run / "checkpoints").symlink_to(outside)
    done = call(tmp_path, "train", "-m", f"sweep.resume={home}")
    assert done.code == 1
    assert "checkpoints is a link that points outside" in one_line(done.out)
    assert list(outside.iterdir()) == []


@pytest.mark.slow
def test_the_words_of_a_recorded_job_are_not_taken(whole: Finished, tmp_path: Path) -> None:
    folder = tmp_path / "foreign"
    folder.mkdir()
    record = read(sweep_of(whole) / "sweep.json")
    secret = tmp_path / "secret.csv"
    secret.write_text("user,item\n1,2\n", encoding="utf-8")
    for job in record["jobs"]:
        job["words"] = ["model=popularity", "dataset=table", f"dataset.path={secret}"]
    (folder / "sweep.json").write_text(json.dumps(record), encoding="utf-8")
    words = ("-m", f"sweep.resume={folder}", "num_threads=2")
    done = call(tmp_path, "train", *words)
    assert done.code == 0, done.err
    assert "secret.csv" not in done.err
    configs = [read(path) for path in folder.glob("*/config.json")]
    assert [config["model"]["name"] for config in configs] == ["lightgcn"] * 3
    assert [config["num_threads"] for config in configs] == [2] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {}},
        {"metrics": 5},
        {"ranked_with": []},
        {"values": 5},
        {"values": {"a": 1}},
        {"seconds": "x"},
        {"run": None},
        {"exit_code": None},
    ],
)
def test_a_result_of_another_form_is_named(
    change: dict[str, Any], whole: Finished, tmp_path: Path
) -> None:
    folder = tmp_path / sweep_of(whole).name
    shutil.copytree(sweep_of(whole), folder)
    result = read(folder / "results/2.json") | change
    (folder / "results/2.json").write_text(json.dumps(result), encoding="utf-8")
    done = call(tmp_path, "train", "-m", f"sweep.resume={folder}")
    assert done.code == 1
    assert "results/2.json is not the result of run 2; remove it" in done.out + done.err


@pytest.mark.parametrize("content", ["{", "[]", '{"number": 7}'])
def test_a_damaged_result_is_named(content: str, whole: Finished, tmp_path: Path) -> None:
    folder = tmp_path / sweep_of(whole).name
    shutil.copytree(sweep_of(whole), folder)
    (folder / "results/2.json").write_text(content, encoding="utf-8")
    done = call(tmp_path, "train", "-m", f"sweep.resume={folder}")
    assert done.code == 1
    assert "results/2.json" in done.out + done.err
    assert "Traceback" not in done.err


def test_a_sweep_from_a_saved_config_takes_its_values_but_not_its_folder(
    whole: Finished, full_size: Command
) -> None:
    run = runs_of(whole)[0]
    words = ("-m", "--from", str(run), "seed=1,2", "trainer.epochs=1")
    done = full_size("train", *words)
    assert done.code == 0, done.err
    for again in (words, ("-m",)):
        shown = full_size("train", *again, "sweep.resume=latest")
        assert (shown.code, shown.out) == (0, done.out), shown.err
    other = full_size("train", "-m", "--from", str(runs_of(whole)[1]), "sweep.resume=latest")
    assert other.code == 2
    assert "was not started from that configuration" in other.err


def test_a_run_directory_with_another_config_is_refused(whole: Finished) -> None:
    first = runs_of(whole)[0]
    config = read(first / "config.json")
    written = (first / "config.json").read_text("utf-8")
    (first / "config.json").write_text(json.dumps(config | {"seed": 99}), encoding="utf-8")
    try:
        done = call(whole.folder, "train", "-m", "sweep.resume=latest")
    finally:
        (first / "config.json").write_text(written, encoding="utf-8")
    assert done.code == 1
    assert "is not the config of this run of the sweep" in one_line(done.out)


@pytest.mark.slow
def test_data_that_have_changed_since_are_said(full_size: Command) -> None:
    table = Path(full_size("--version").folder) / "ratings.csv"
    rows = [f"{user},{(user * item) % 23}" for user in range(40) for item in range(1, 15)]
    table.write_text("\n".join(["user,item", *rows]), encoding="utf-8")
    words = ("dataset=table", f"dataset.path={table}", "model=popularity", "evaluation.ks=[5]")
    more = ("trainer.monitor=ndcg@5", "plots=false", "split.seed=1,2", "-m")
    done = full_size("train", *words, *more)
    assert done.code == 0, done.err
    same = full_size("train", "-m", "sweep.resume=latest")
    assert "warning" not in same.err
    table.write_text("\n".join(["user,item", *rows[::-1], "1,99"]), encoding="utf-8")
    changed = full_size("train", "-m", "sweep.resume=latest")
    assert changed.code == 0, changed.err
    (line,) = [line for line in changed.err.splitlines() if line.startswith("warning")]
    assert "ratings.csv changed since the run" in line
