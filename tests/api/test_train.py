"""``train`` from Python does what the command does, and leaves the process as it was."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

import hydra
import pytest
from builders import TINY, read_json
from hydra.core.global_hydra import GlobalHydra

from graphrec_cli import Run, load_run, train
from graphrec_cli.config.plugins import LOADED
from graphrec_cli.errors import ConfigError, DataError, Interrupted

pytestmark = pytest.mark.slow

PLUGIN = """
from dataclasses import dataclass
from graphrec_cli.config.model import MatrixFactorizationConfig
from graphrec_cli.config.plugins import register
from graphrec_cli.models.lightgcn import LightGCN

@dataclass(kw_only=True, slots=True)
class OwnConfig(MatrixFactorizationConfig):
    name: str = "own"

register("model", OwnConfig, LightGCN)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class SendSignal(logging.Handler):
    """Sends SIGINT to this process after the first epoch."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("epoch 1/"):
            signal.raise_signal(signal.SIGINT)


def test_two_runs_in_one_process_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    words, log = list(sys.argv), logging.getLogger("graphrec")
    before = (list(log.handlers), log.level, log.propagate)
    first, second = train(*TINY), train(*TINY)
    assert (sys.argv, [*before]) == (words, [list(log.handlers), log.level, log.propagate])
    assert first.path != second.path
    assert first.metrics == second.metrics
    assert first.state == "completed"
    out, err = capsys.readouterr()
    assert out == ""
    assert "epoch 2/2" in err
    command = read_json(first.path / "environment.json")["command"]
    assert command == ["graphrec", "train", *TINY]
    assert "epoch 2/2" in (first.path / "train.log").read_text("utf-8")


@pytest.mark.slow
def test_a_saved_run_and_a_completed_one(folder: Path) -> None:
    first = train(*TINY)
    again = train("--from", str(first.path), "seed=5")
    assert again.config["seed"] == 5
    assert again.config["dataset"] == first.config["dataset"]
    assert train(f"resume={first.path}").path == first.path


@pytest.mark.slow
def test_own_options(folder: Path) -> None:
    (folder / "mine" / "trainer").mkdir(parents=True)
    option = "defaults: [default@_here_]\nepochs: 1\n"
    (folder / "mine" / "trainer" / "quick.yaml").write_text(option, "utf-8")
    words = [word for word in TINY if word != "trainer.epochs=2"]
    run = train("trainer=quick", *words, config_dir="mine")
    assert run.history["epoch"].tolist() == [1]


def test_a_notebooks_own_hydra_stays_initialized(folder: Path) -> None:
    (folder / "theirs").mkdir()
    (folder / "theirs" / "main.yaml").write_text("colour: red\n", "utf-8")
    with hydra.initialize_config_dir(str(folder / "theirs"), version_base="1.2"):
        run = train(*TINY)
        load_run(run.path, "model.similarity=cosine")
        assert hydra.compose("main").colour == "red"
        assert str(hydra.version.getbase()) == "1.2"
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.slow
def test_a_thread_trains() -> None:
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(train(*TINY)))
    thread.start()
    thread.join()
    assert [run.state for run in runs] == ["completed"]


@pytest.mark.slow
def test_a_stopped_run_continues() -> None:
    log, stop = logging.getLogger("graphrec"), SendSignal()
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    log.addHandler(stop)
    try:
        with pytest.raises(KeyboardInterrupt) as stopped:
            train(*TINY)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        log.removeHandler(stop)
        signal.signal(signal.SIGINT, handler)
    assert isinstance(stopped.value, Interrupted)
    assert stopped.value.exit_code == 130
    run = train("resume=latest")
    assert (run.state, run.history["epoch"].tolist()) == ("completed", [1, 2])
    whole = train(*TINY)
    assert run.metrics["weights_sha256"] == whole.metrics["weights_sha256"]


@pytest.mark.slow
def test_a_plugin_is_loaded_for_its_run_alone(folder: Path) -> None:
    (folder / "own.py").write_text(PLUGIN, "utf-8")
    run = train("--plugin", "own.py", "model=own", *TINY)
    assert LOADED.names == ()
    assert len(run.recommend(k=3)) > 0
    with pytest.raises(ConfigError, match="needs the plugin 'own'"):
        load_run(run.path)
    opened = load_run(run.path, plugins=["own.py"])
    assert opened.user_embeddings().shape == run.user_embeddings().shape
    assert LOADED.names == ()


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (["seed=1,2", "-m"], ConfigError, "call it once per run in a loop"),
        (["--cfg", "job"], ConfigError, "--cfg prints and does not train"),
        (["--help"], ConfigError, "--help prints and does not train"),
        (["sed=1"], ConfigError, "did you mean 'seed'"),
        (["resume=latest"], ConfigError, "no run directory under outputs"),
        (["evaluation.ks=[5000]", "trainer.monitor=mrr"], DataError, r"run directory: outputs/"),
    ],
)
def test_errors_are_raised(words: list[str], kind: type[Exception], message: str) -> None:
    given = [word for word in TINY if word.split("=")[0] not in {w.split("=")[0] for w in words}]
    given = [] if "resume=latest" in words else given
    with pytest.raises(kind, match=message):
        train(*given, *words)


def test_several_processes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="one process"):
        train(*TINY)
