"""The real trackers: what they hold is read back; runs are killed, resumed and cut off."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from builders import PATIENCE_S, TINY, Finished, call, read_json
from filelock import FileLock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # the trackers' own
]

EXTRA = "comes with the extra of this tracker, which CI installs"
EPOCHS = ("loss=bpr", "trainer.epochs=5", "trainer.checkpoint_every=2")
ALL = "logger=tensorboard,mlflow,wandb"
PASSWORD = "hunter2hunter2"
KEY = "0123456789abcdef0123456789abcdef01234567"
KILLED = """
import os, sys, time
from graphrec_cli.cli import main
from graphrec_cli.tracking import follow
real = follow.FollowedRun.after_epoch
def log(self, history):
    real(self, history)
    if len(history) == 3:
        while any(worker._waiting.qsize() for worker in self._workers):
            time.sleep(0.1)
        time.sleep(3)
        os._exit(9)
follow.FollowedRun.after_epoch = log
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def all_three() -> None:
    for module in ("tensorboard", "mlflow", "alembic", "wandb"):
        pytest.importorskip(module, reason=EXTRA)


class Resumed:
    """A run with all trackers that was killed after epoch 3, and resumed from epoch 2."""

    def __init__(self, folder: Path) -> None:
        home, work = folder / "home", folder / "work"
        home.mkdir()
        work.mkdir()
        killed = subprocess.run(
            [sys.executable, "-P", "-c", KILLED, "train", *TINY, *EPOCHS, ALL],
            cwd=work,
            env=os.environ | {"HOME": str(home), "MPLCONFIGDIR": str(home / "mpl")},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert killed.returncode == 9, killed.stderr
        self.home, self.work = home, work
        self.left = {path for path in home.rglob("*") if home / "mpl" not in (path, *path.parents)}
        self.before = read_json(next(work.glob("outputs/*/trackers.json")))
        self.done = call(work, "train", "resume=latest", ALL, "logger.artifacts=all")
        assert self.done.code == 0, self.done.err
        assert "tracker" not in self.done.err.replace(str(folder), "")
        self.run = self.done.run
        self.metrics = read_json(self.run / "metrics.json")


@pytest.fixture(scope="module")
def resumed(all_three: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resumed]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WANDB_SILENT", "WANDB_CACHE_DIR", "WANDB_ERROR_REPORTING"):
            patch.setenv(name, "")
        yield Resumed(tmp_path_factory.mktemp("resumed"))


def test_nothing_is_written_outside_the_output_dir(resumed: Resumed) -> None:
    assert resumed.left == set()
    assert [path.name for path in resumed.work.iterdir()] == ["outputs"]
    names = {path.name for path in (resumed.work / "outputs").iterdir()}
    assert names == {resumed.run.name, "mlflow.db", ".mlflow.db.lock", "mlartifacts"}
    assert {"tensorboard", "wandb", "trackers.json"} <= {
        path.name for path in resumed.run.iterdir()
    }


def test_tensorboard_has_every_epoch_once(resumed: Resumed) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(resumed.run / "tensorboard"))
    events.Reload()
    for name in ("loss", "learning_rate", "triplets_per_second", "valid/ndcg@5"):
        assert [event.step for event in events.Scalars(name)] == [1, 2, 3, 4, 5]
    (test,) = events.Scalars("test/ndcg@5")
    assert (test.step, test.value) == (5, pytest.approx(resumed.metrics["test"]["ndcg@5"]))
    (floor,) = events.Scalars("baselines/popularity/ndcg@5")
    assert floor.value == pytest.approx(resumed.metrics["baselines"]["popularity"]["ndcg@5"])
    assert "_hparams_/session_start_info" in events.Tags()["scalars"] + list(
        events.summary_metadata
    )


def test_mlflow_goes_on_in_the_same_run(resumed: Resumed) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{resumed.work / 'outputs/mlflow.db'}")
    experiment = client.get_experiment_by_name("graphrec")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    identity = run.info.run_id
    assert read_json(resumed.run / "trackers.json")["mlflow"] == identity
    assert resumed.before["mlflow"] == identity
    assert run.info.status == "FINISHED"
    assert run.data.tags["graphrec.run"] == resumed.run.name
    assert run.data.params["trainer.epochs"] == "5"
    assert run.data.params["loss.name"] == "bpr"
    assert run.data.metrics["test/ndcg_at_5"] == resumed.metrics["test"]["ndcg@5"]
    for name in ("loss", "valid/ndcg_at_5"):
        steps = [metric.step for metric in client.get_metric_history(identity, name)]
        assert sorted(steps) == [1, 2, 3, 4, 5]
    files = {file.path for file in client.list_artifacts(identity)}
    assert {"config.json", "metrics.json", "history.jsonl", "data.npz", "best.pt"} <= files


def test_wandb_is_a_new_run_that_names_the_earlier(resumed: Resumed) -> None:
    first, second = resumed.before["wandb"], read_json(resumed.run / "trackers.json")["wandb"]
    assert first != second
    earlier, later = (
        wandb_records(next(resumed.run.glob(f"wandb/offline-run-*-{name}/run-*.wandb")))
        for name in (first, second)
    )
    groups = {record.run.run_group for record in earlier + later if record.HasField("run")}
    assert groups == {resumed.run.name}
    linked = [
        item.value_json
        for record in later
        if record.HasField("run")
        for item in record.run.config.update
        if item.key == "resumed_from"
    ]
    assert linked[0] == f'"{first}"'
    assert steps_of(earlier) == [1, 2, 3]
    assert steps_of(later) == [3, 4, 5]
    (folder,) = resumed.run.glob(f"wandb/offline-run-*-{second}/files")
    assert (folder / "metrics.json").is_file()
    assert (folder / "data.npz").is_file()
    assert not any(record.run.host for record in earlier + later if record.HasField("run"))


def wandb_records(path: Path) -> list[Any]:
    """The records of an offline run: a log of LevelDB after seven bytes, each a protobuf."""
    from wandb.proto import wandb_internal_pb2

    data, place, whole, records = path.read_bytes(), 7, b"", []
    block = 2**15
    while place + 7 <= len(data):
        if block - place % block < 7:  # a header is never cut
            place += block - place % block
            continue
        size, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        whole += data[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last part
            records.append(wandb_internal_pb2.Record.FromString(whole))
            whole = b""
    return records


def steps_of(records: list[Any]) -> list[int]:
    """The steps with a loss, in order."""
    rows = [record.history for record in records if record.HasField("history")]
    values = [{"/".join(item.nested_key): item.value_json for item in row.item} for row in rows]
    return [int(row["_step"]) for row in values if "loss" in row]


@pytest.fixture
def closed() -> int:
    """A port that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield int(server.getsockname()[1])


def warnings(done: Finished) -> list[str]:
    return [line for line in done.err.splitlines() if line.startswith("warning: tracker")]


@pytest.fixture
def quick_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What MLflow has read from the environment holds for the whole process."""
    from graphrec_cli.tracking import worker

    monkeypatch.setattr(worker, "give_up_thread", lambda: None)


@pytest.mark.usefixtures("quick_patience")
@pytest.mark.parametrize("port", ["closed", "silent"])
def test_a_server_that_is_not_there_ends_no_run(
    port: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow", reason=EXTRA)
    address = f"http://127.0.0.1:{request.getfixturevalue(port)}"
    words = ("logger=mlflow", f"logger.mlflow.uri={address}", "logger.timeout=3")
    alone = call(tmp_path, "train", *TINY)
    started = time.monotonic()
    done = call(tmp_path, "train", *TINY, *words)
    assert time.monotonic() - started < 60  # MLflow's own patience is minutes
    assert done.code == 0, done.err
    assert done.out.splitlines()[:-1] == alone.out.splitlines()[:-1]
    (line,) = warnings(done)
    assert line.startswith("warning: tracker mlflow: ")
    assert line.endswith("; the run goes on without it")


@pytest.mark.parametrize("port", ["closed", "silent"])
def test_a_server_of_wandb_that_is_not_there_ends_no_process(
    port: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pytest.importorskip("wandb", reason=EXTRA)
    address = f"http://127.0.0.1:{request.getfixturevalue(port)}"
    words = ("logger=wandb", "logger.wandb.mode=online", "logger.timeout=4")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "graphrec_cli", "train", *TINY, *words],
        cwd=tmp_path,
        env=os.environ | {"WANDB_BASE_URL": address, "WANDB_API_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert time.monotonic() - started < 120
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("warning: tracker wandb")]
    assert len(said) == 1
    assert KEY not in done.stdout + done.stderr
    assert not holding(KEY, tmp_path)


def holding(secret: str, folder: Path) -> list[Path]:
    """The files that contain a text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.usefixtures("quick_patience")
def test_a_password_is_nowhere(
    closed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason=EXTRA)
    address = f"http://me:{PASSWORD}@127.0.0.1:{closed}"
    refused = call(tmp_path, "train", *TINY, "logger=mlflow", f"logger.mlflow.uri={address}")
    assert refused.code == 2
    assert PASSWORD not in refused.out + refused.err
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("MY_TRACKER", address)
    words = ("logger=mlflow", "logger.mlflow.uri=env://MY_TRACKER", "logger.timeout=5")
    for sweep in ((), ("-m",)):
        done = call(tmp_path, "train", *TINY, *words, *sweep)
        assert done.code == 0, done.err
        assert warnings(done)
        assert PASSWORD not in done.out + done.err
    assert not holding(PASSWORD, tmp_path)
    assert holding("tracker mlflow", tmp_path)


def test_jobs_of_a_launcher_have_their_trackers(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason=EXTRA)
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    done = call(tmp_path, "train", *TINY, "-m", "hydra/launcher=joblib", "logger=tensorboard")
    assert done.code == 0, done.err
    assert len(list(done.run.glob("*/tensorboard/events*"))) == 1


def test_a_run_waits_while_another_makes_the_tables(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason=EXTRA)
    from graphrec_cli.config.trackers import MlflowConfig
    from graphrec_cli.tracking.mlflow_store import import_mlflow, open_experiment

    mlflow, config = import_mlflow(), MlflowConfig(experiment="books")
    with ThreadPoolExecutor(1) as pool:
        with FileLock(tmp_path / ".mlflow.db.lock"):
            opened = pool.submit(open_experiment, mlflow, config, tmp_path)
            with pytest.raises(TimeoutError):
                opened.result(timeout=3)
            assert not (tmp_path / "mlflow.db").exists()
        client, experiment = opened.result(timeout=PATIENCE_S)
    assert client.get_experiment(experiment).name == "books"


def test_a_run_of_somebody_else_is_not_continued(tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason=EXTRA)
    from mlflow.tracking import MlflowClient

    from graphrec_cli.config.trackers import MlflowConfig
    from graphrec_cli.rundir.directory import RunDirectory
    from graphrec_cli.tracking.mlflow import MlflowTracker
    from graphrec_cli.tracking.record import record_id
    from graphrec_cli.tracking.tracker import RunStart

    run = RunDirectory(tmp_path / "run")
    run.path.mkdir()

    def begin(tags: dict[str, str], *, resumed: bool) -> str:
        start = RunStart(run=run, home=tmp_path, params={"a": 1}, tags=tags, resumed=resumed)
        MlflowTracker(start, MlflowConfig()).begin()
        return str(read_json(run.trackers)["mlflow"])

    mine = {"graphrec.run": "run", "graphrec.config_sha256": "1"}
    first = begin(mine, resumed=False)
    assert begin(mine, resumed=True) == first
    assert begin(mine | {"graphrec.config_sha256": "2"}, resumed=True) != first
    record_id(run, "mlflow", "0" * 32)
    assert begin(mine, resumed=True) not in (first, "0" * 32)
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert client.get_run(first).data.tags["graphrec.config_sha256"] == "1"
    client.delete_run(first)
    record_id(run, "mlflow", first)
    assert begin(mine, resumed=True) != first
