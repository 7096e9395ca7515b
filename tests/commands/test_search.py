"""``hydra/sweeper=graphrec_optuna``: trials, pruning, resume, and a study that machines share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from builders import CPU, PATIENCE_S, TINY, Command, Finished, call
from builders import read_json as read
from postgres import PASSWORD, server
from stop_in_run import stop_in_run

from graphrec_cli.training.checkpoints.file import load_checkpoint

SEARCH = (*TINY, "evaluation.floor=null", "hydra/sweeper=graphrec_optuna")
RATE = "trainer.learning_rate=tag(log,interval(0.0001,0.1))"
SPACE = (RATE, "model.num_layers=1,2,3")
WORDS = (*SEARCH, *SPACE, "hydra.sweeper.trials=5", "hydra.sweeper.startup_trials=2", "-m")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A search that nothing has disturbed; not to be changed."""
    return call(tmp_path_factory.mktemp("whole"), "train", *WORDS)


def results_of(done: Finished) -> list[dict[str, Any]]:
    files = sorted((done.run / "results").glob("*.json"), key=lambda path: int(path.stem))
    results = [read(path) for path in files]
    for result in results:
        result["seconds"] = result["run"] = 0
    return results


def assert_same_search(done: Finished, whole: Finished) -> None:
    assert results_of(done) == results_of(whole)
    assert done.out.splitlines()[:-2] == whole.out.splitlines()[:-2]
    for result in results_of(whole):
        if result["state"] == "completed":
            weights = [
                load_checkpoint(path / "checkpoints" / "best.pt", CPU)["model"]
                for finished in (done, whole)
                for path in finished.run.glob(f"{result['number'] + 1:03d}_*")
            ]
            assert weights[0].keys() == weights[1].keys()
            assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_a_search_runs_the_given_configuration_and_then_trials(whole: Finished) -> None:
    assert whole.code == 0, whole.err
    record, results = read(whole.run / "sweep.json"), results_of(whole)
    assert [result["number"] for result in results] == list(range(5))
    given = read(next(whole.run.glob("001_*")) / "config.json")
    assert given["trainer"]["learning_rate"] == 0.002
    assert results[0]["values"] == {"learning_rate": "0.002", "num_layers": "2"}
    assert [job["config_sha256"] for job in record["jobs"]] == [
        *dict.fromkeys(job["config_sha256"] for job in record["jobs"])
    ]
    assert record["search"]["space"][RATE.partition("=")[0]]["float"] == [0.0001, 0.1]
    assert not any("hydra" in word for word in record["words"])
    for result in results[1:]:
        assert 0.0001 <= float(result["values"]["learning_rate"]) <= 0.1
    for name in ("sweep.csv", "study.log", "conf/experiment/best.yaml"):
        assert (whole.run / name).is_file()


def test_the_study_holds_valid_metrics_alone(whole: Finished) -> None:
    journal = (whole.run / "study.log").read_text("utf-8")
    for result in results_of(whole):
        if result["metrics"] is not None:
            assert repr(result["metrics"]["valid"]["ndcg@5"]) in journal
            assert repr(result["metrics"]["test"]["ndcg@5"]) not in journal


def test_the_best_configuration_is_an_experiment(whole: Finished, tmp_path: Path) -> None:
    again = call(
        tmp_path,
        "train",
        "--config-dir",
        str(whole.run / "conf"),
        "experiment=best",
        "num_threads=1",
    )
    assert again.code == 0, again.err
    best = max(
        (result for result in results_of(whole) if result["metrics"]),
        key=lambda result: result["metrics"]["valid"]["ndcg@5"],
    )
    assert read(again.run / "metrics.json")["test"] == best["metrics"]["test"]


@pytest.mark.parametrize("number", [1, 3])
def test_an_interrupted_search_ends_as_a_whole_one(
    number: int, whole: Finished, full_size: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_in_run(number, patch)
        stopped = full_size("train", *WORDS)
    assert stopped.code == 143
    how = ("-m", "sweep.resume=latest") if number == 1 else (*WORDS, "sweep.autoresume=true")
    done = full_size("train", *how)
    assert done.code == 0, done.err
    assert done.run == stopped.run
    assert_same_search(done, whole)
    again = full_size("train", "-m", "sweep.resume=latest")
    assert (again.code, again.out) == (0, done.out)


def test_files_as_after_a_kill_lose_no_trial_and_count_none_twice(
    whole: Finished, full_size: Command
) -> None:
    done = full_size("train", *WORDS)
    journal = done.run / "study.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    # Killed in the last trial: before its end was told, and within a line.
    told = max(n for n, line in enumerate(lines) if b'"op_code":6' in line)
    journal.write_bytes(b"".join(lines[:told]) + lines[told][:7])
    (done.run / "results" / "5.json").unlink()
    again = full_size("train", "-m", "sweep.resume=latest")
    assert again.code == 0, again.err
    assert_same_search(again, whole)


def test_numbers_go_on_when_more_trials_are_asked_for(full_size: Command, whole: Finished) -> None:
    first = full_size("train", *[word.replace("trials=5", "trials=3") for word in WORDS])
    more = full_size("train", "-m", "sweep.resume=latest", "hydra.sweeper.trials=5")
    assert more.code == 0, more.err
    assert more.run == first.run
    assert [job["run"][:4] for job in read(more.run / "sweep.json")["jobs"]] == [
        f"00{number}_" for number in range(1, 6)
    ]
    assert results_of(more)[:3] == results_of(whole)[:3]


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_trial_that_is_behind_is_pruned(pruner: str, full_size: Command) -> None:
    words = (*SEARCH, "trainer.epochs=9", "trainer.learning_rate=1e-7,2e-7,0.05,0.06", "-m")
    settings = {"pruner": pruner, "warmup_epochs": 1, "startup_trials": 1, "trials": 8}
    settings["sampler"] = "random"
    own = [f"hydra.sweeper.{key}={value}" for key, value in settings.items()]
    done = full_size("train", *words, *own, "plots=true")
    assert done.code == 0, done.err
    pruned = [result for result in results_of(done) if result["state"] == "pruned"]
    assert pruned
    assert "pruned: run" in done.out
    for result in pruned:
        (run,) = done.run.glob(f"{result['number'] + 1:03d}_*")
        assert read(run / "status.json")["status"] == "pruned"
        assert len((run / "history.jsonl").read_text("utf-8").splitlines()) < 9
        assert not (run / "metrics.json").exists()
        assert result["metrics"] is None
    assert (done.run / "search.png").stat().st_size > 5000


def test_two_trials_at_the_same_time(full_size: Command) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    words = (*SEARCH, "trainer.epochs=9", "trainer.learning_rate=1e-7,2e-7,0.05,0.06", "-m")
    settings = {"trials": 8, "sampler": "random", "warmup_epochs": 1, "startup_trials": 1}
    own = [f"hydra.sweeper.{key}={value}" for key, value in settings.items()]
    done = full_size("train", *words, *own, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert done.code == 0, done.err
    assert [result["number"] for result in results_of(done)] == list(range(8))
    states = {result["state"] for result in results_of(done)}
    assert states == {"completed", "pruned"}  # what one process reports ends a trial of another
    named = [int(line.split()[1]) for line in done.err.splitlines() if " of 8 " in line]
    # They are drawn in pairs: each starts and ends before the next two.
    assert [sorted(named[n : n + 4]) for n in range(0, 16, 4)] == [
        [first, first, first + 1, first + 1] for first in range(1, 9, 2)
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sweep.retry_failed=true",), "a failed trial stays failed in the study"),
        (("hydra.sweeper.pruner=none",), "belongs to the search that is resumed"),
        (
            ("hydra.sweeper.storage=sqlite:///x.db", "hydra.sweeper.study=s"),
            "the search keeps its trials in its folder",
        ),
        (("model.num_layers=1,2",), "was started with other words"),
    ],
)
def test_other_settings_than_those_of_the_search_are_refused(
    words: tuple[str, ...], message: str, whole: Finished
) -> None:
    done = call(whole.folder, "train", "-m", f"sweep.resume={whole.run}", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("split.valid=0",), "a search chooses by the valid part"),
        (("hydra/launcher=submitit_local",), "hydra.sweeper.parallel must be set with this"),
    ],
)
def test_a_search_that_cannot_begin_makes_no_folder(
    words: tuple[str, ...], message: str, full_size: Command
) -> None:
    done = full_size("train", *WORDS, *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert list(done.folder.iterdir()) == []


def test_values_that_cannot_be_together_are_a_failed_trial(full_size: Command) -> None:
    base = ("trainer.learning_rate_decay=0.9,1.0", "trainer.final_learning_rate=null,0.0001")
    run = full_size("train", *TINY, "evaluation.floor=null", "trainer.final_learning_rate=null")
    words = ("--from", str(run.run), "hydra/sweeper=graphrec_optuna", *base)
    more = ("hydra.sweeper.trials=8", "hydra.sweeper.sampler=random", "hydra.sweeper.pruner=none")
    done = full_size("train", *words, *more, "-m")
    assert done.code == 1, done.err
    states = {result["state"] for result in results_of(done)}
    assert states == {"completed", "failed"}
    failed = next(result for result in results_of(done) if result["state"] == "failed")
    assert failed["values"] == {"learning_rate_decay": "0.9", "final_learning_rate": "0.0001"}
    assert "learning_rate_decay" in failed["error"]
    again = full_size("train", "-m", "sweep.resume=latest")
    assert (again.code, again.out) == (1, done.out)


@pytest.mark.parametrize("place", ["study.log", "conf", "conf/experiment", "sweep.csv"])
def test_a_link_out_of_the_folder_is_refused(place: str, whole: Finished, tmp_path: Path) -> None:
    folder, outside = tmp_path / whole.run.name, tmp_path / "outside"
    shutil.copytree(whole.run, folder)
    if (folder / place).is_dir():
        shutil.rmtree(folder / place)
    else:
        (folder / place).unlink()
    outside.mkdir()
    (folder / place).symlink_to(outside)
    done = call(tmp_path, "train", "-m", f"sweep.resume={folder}")
    assert (done.code, done.out) == (2, "")
    assert "is a link that points outside" in done.err
    assert list(outside.iterdir()) == []


def test_a_space_of_a_foreign_folder_is_checked(whole: Finished, tmp_path: Path) -> None:
    record = read(whole.run / "sweep.json")
    record["search"]["space"] = {
        "cache_dir": {"choice": [str(tmp_path / "a"), str(tmp_path / "b")]}
    }
    record |= {"jobs": []}
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "sweep.json").write_text(json.dumps(record), encoding="utf-8")
    done = call(tmp_path, "train", "-m", f"sweep.resume={tmp_path / 'foreign'}")
    assert (done.code, done.out) == (2, "")
    assert "cache_dir is not about model, loss, sampler, trainer alone" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["foreign"]


def test_a_search_that_was_moved_is_resumed(whole: Finished, tmp_path: Path) -> None:
    shutil.copytree(whole.run, tmp_path / "elsewhere")
    done = call(tmp_path, "train", "-m", f"sweep.resume={tmp_path / 'elsewhere'}")
    assert done.code == 0, done.err
    assert done.out.splitlines()[:-2] == whole.out.splitlines()[:-2]


def test_a_grid_is_not_resumed_as_a_search(full_size: Command) -> None:
    full_size("train", *TINY, "model.num_layers=1,2", "-m")
    done = full_size("train", "-m", "sweep.resume=latest", "hydra/sweeper=graphrec_optuna")
    assert done.code == 2
    assert "that sweep is no search" in done.err


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL database without its password."""
    with server(tmp_path_factory.mktemp("postgres")) as place:
        yield f"postgresql://tester@{place}/graphrec"


def test_machines_share_a_study_in_postgresql(database: str, tmp_path: Path) -> None:
    words = [*SEARCH, *SPACE, "hydra.sweeper.trials=6", "-m", "hydra.sweeper.study=shared"]
    words.append(f"hydra.sweeper.storage={database}")
    machines = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        machines.append(
            subprocess.Popen(
                [sys.executable, "-m", "graphrec_cli", "train", *words, "--json"],
                cwd=tmp_path / name,
                env=os.environ | {"PGPASSWORD": PASSWORD},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    outputs = [machine.communicate(timeout=PATIENCE_S) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], outputs
    runs = [json.loads(out.splitlines()[0])["runs"] for out, _ in outputs]
    assert 6 <= sum(map(len, runs)) <= 7  # both may draw the last one
    for run in runs:
        assert [each["number"] for each in run] == list(range(1, len(run) + 1))
    secret = PASSWORD.encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert not [path for path in files if secret in path.read_bytes()]
    assert not [path for path in files if b"postgresql://" in path.read_bytes()]
    for out, err in outputs:
        assert PASSWORD not in out + err


def test_an_address_from_the_environment_is_not_written_down(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_STUDIES", database.replace("tester@", f"tester:{PASSWORD}@"))
    words = [*SEARCH, *SPACE, "hydra.sweeper.trials=1", "-m", "hydra.sweeper.study=own"]
    done = call(tmp_path, "train", *words, "hydra.sweeper.storage=env://MY_STUDIES")
    assert done.code == 0, done.err
    secret = PASSWORD.encode()
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and secret in p.read_bytes()]
    resumed = call(tmp_path, "train", "-m", "sweep.resume=latest")
    assert resumed.code == 2
    assert "name it again with hydra.sweeper.storage" in resumed.err
    monkeypatch.delenv("MY_STUDIES")
    lost = call(
        tmp_path, "train", "-m", "sweep.resume=latest", "hydra.sweeper.storage=env://MY_STUDIES"
    )
    assert lost.code == 2
    assert "env://MY_STUDIES: the variable is not set" in lost.err


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    words = [*SEARCH, *SPACE, "-m", "hydra.sweeper.study=own"]
    done = call(tmp_path, "train", *words, "hydra.sweeper.storage=postgresql://127.0.0.1:9/x")
    assert done.code == 1
    (line,) = [each for each in done.err.splitlines() if each.startswith("error")]
    assert "the storage of the search fails" in line
