"""Sweeps whose runs are started by a launcher end as those whose runs take turns."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import CPU, PATIENCE_S, TINY_DATA, TINY_SETTINGS, Command, Finished, call
from builders import read_json as read
from trainers import trainers

from graphrec_cli.training.checkpoints.file import load_checkpoint

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
LOCAL = ("hydra/launcher=submitit_local",)
RAY = ("hydra/launcher=graphrec_ray",)
WORDS = (
    *TINY_DATA,
    *TINY_SETTINGS,
    "trainer.epochs=6",
    "evaluation.floor=null",
    "model.num_layers=1,2",
    "-m",
)
"""Two runs."""
COUNTED = (*TINY_DATA, "evaluation.ks=[5]", "trainer.monitor=ndcg@5", "model=popularity", "-m")
"""Runs that only count."""

slow = pytest.mark.slow


needs_ray = pytest.mark.skipif(
    not any(Path(place, "ray", "__init__.py").is_file() for place in sys.path),
    reason="ray is not installed (extra 'ray')",
)


def sweep_in(folder: Path) -> Path:
    (sweep,) = (path.parent for path in folder.glob("outputs/*_sweep/sweep.json"))
    return sweep


def table(out: str) -> list[str]:
    """The rows on the screen, without the run directories."""
    return [re.sub(r"\s+\S*outputs/.*", "", row) for row in out.splitlines()[:-1]]


def assert_same_sweep(out: str, folder: Path, whole: Finished) -> None:
    assert table(out) == table(whole.out)
    runs = {path.parent for path in sweep_in(folder).glob("*/config.json")}
    others = {path.parent for path in whole.run.glob("*/config.json")}
    assert {run.name for run in runs} == {run.name for run in others}
    for run in runs:
        other = whole.run / run.name
        assert (run / "metrics.json").read_bytes() == (other / "metrics.json").read_bytes()
        mine, its = (load_checkpoint(path / "checkpoints/best.pt", CPU) for path in (run, other))
        assert all(torch.equal(mine["model"][name], its["model"][name]) for name in its["model"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The sweep without a launcher."""
    done = call(tmp_path_factory.mktemp("whole"), "train", *WORDS)
    assert done.code == 0, done.err
    return done


@slow
@pytest.mark.parametrize("launcher", [JOBLIB, LOCAL, pytest.param(RAY, marks=needs_ray)])
def test_a_launcher_trains_the_same_runs(
    launcher: tuple[str, ...], whole: Finished, full_size: Command
) -> None:
    done = full_size("train", *WORDS, *launcher)
    assert done.code == 0, done.err
    assert_same_sweep(done.out, done.folder, whole)
    lines = done.err.splitlines()
    assert sorted(line for line in lines if "started" in line) == [
        f"run {n} of 2 started: num_layers={n}" for n in (1, 2)
    ]
    completed = r"run \d of 2 completed: valid ndcg@5 0\.\d{4}(; about \d\d:\d\d left)?"
    assert len([line for line in lines if re.fullmatch(completed, line)]) == 2
    assert len(lines) == 4
    configs = [read(path) for path in sweep_in(done.folder).glob("*/config.json")]
    assert [config["num_threads"] for config in configs] == [1, 1]
    for number, run in enumerate(sorted(sweep_in(done.folder).glob("*/train.log")), start=1):
        said = (sweep_in(done.folder) / f"logs/{number}.log").read_text("utf-8")
        assert f"run {number} of 2: num_layers={number}" in said
        assert set(run.read_text("utf-8").splitlines()) <= set(said.splitlines())
    assert [path.name for path in done.folder.iterdir()] == ["outputs"]


def begin(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start the command; return when its first run has trained an epoch, with all runs paused."""
    process = subprocess.Popen(
        [sys.executable, "-m", "graphrec_cli", "train", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + PATIENCE_S
    while not list(folder.glob("outputs/*_sweep/1_*/history.jsonl")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    for trainer in trainers(folder):
        os.kill(trainer, signal.SIGSTOP)
    return process


def go_on(folder: Path, pending: int | None = None) -> None:
    """Let paused runs go on, after the signal ``pending`` has been passed on to each of them."""
    if pending is None:
        time.sleep(1)  # for the others to see which process has ended
    until = time.monotonic() + PATIENCE_S
    for trainer in trainers(folder):
        # A run that had not begun when the others were paused has received the signal.
        while pending is not None and is_paused(trainer) and not is_pending(trainer, pending):
            assert time.monotonic() < until, "the signal was not passed on"
            time.sleep(0.01)
    for trainer in trainers(folder):
        os.kill(trainer, signal.SIGCONT)


def is_paused(process: int) -> bool:
    try:
        return "T (stopped)" in Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:  # it has ended
        return False


def is_pending(process: int, number: int) -> bool:
    """Whether a paused process will receive a signal when it goes on."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    (mask,) = re.findall(r"^ShdPnd:\s*([0-9a-f]+)$", status, re.M)
    return bool(int(mask, 16) >> (number - 1) & 1)


def resume(folder: Path, whole: Finished, *launcher: str) -> None:
    done = call(folder, "train", "-m", "sweep.resume=latest", *launcher)
    assert done.code == 0, done.err
    assert_same_sweep(done.out, folder, whole)


@slow
@pytest.mark.parametrize(
    ("first", "then", "number"),
    [
        (JOBLIB, LOCAL, signal.SIGINT),
        (LOCAL, (), signal.SIGTERM),
    ],
)
def test_a_signal_ends_the_sweep_with_checkpoints_and_another_launcher_goes_on(
    first: tuple[str, ...],
    then: tuple[str, ...],
    number: int,
    whole: Finished,
    tmp_path: Path,
) -> None:
    process = begin(tmp_path, *WORDS, *first)
    process.send_signal(number)
    go_on(tmp_path, pending=number)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + number, err
    assert "stopping: runs write a checkpoint and end" in err
    assert f"sweep.resume={out.splitlines()[-1]} continues it" in err
    assert "Traceback" not in err
    assert trainers(tmp_path) == {}
    statuses = [read(path)["status"] for path in tmp_path.glob("outputs/*_sweep/*/status.json")]
    assert "interrupted" in statuses
    assert set(statuses) <= {"interrupted", "completed"}
    resume(tmp_path, whole, *then)


@slow
def test_a_run_whose_process_is_killed_does_not_end_the_sweep(
    whole: Finished, tmp_path: Path
) -> None:
    process = begin(tmp_path, *WORDS, *JOBLIB)
    os.kill(max(trainers(tmp_path)), signal.SIGKILL)
    go_on(tmp_path)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert (
        len(re.findall(r"^run \d of 2 failed: its process was killed by SIGKILL", err, re.M)) == 1
    )
    assert len(re.findall(r"^run \d of 2 completed", err, re.M)) == 1
    # The lines below the table are wrapped.
    assert "its process was killed by SIGKILL, perhaps for want of memory" in " ".join(out.split())
    resume(tmp_path, whole)


@slow
def test_a_worker_that_is_killed_ends_the_sweep_in_one_line(
    whole: Finished, tmp_path: Path
) -> None:
    process = begin(tmp_path, *WORDS, *JOBLIB)
    os.kill(max(trainers(tmp_path).values()), signal.SIGKILL)
    go_on(tmp_path)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, err
    assert re.search(
        r"^error: the launcher stopped: TerminatedWorkerError: .* continues it$", err, re.M
    )
    assert "Traceback" not in err
    assert re.search("^interrupted: runs? [12]", out, re.M)
    assert trainers(tmp_path) == {}
    resume(tmp_path, whole)


@slow
def test_runs_end_with_a_checkpoint_when_the_command_is_killed(
    whole: Finished, tmp_path: Path
) -> None:
    process = begin(tmp_path, *WORDS, *JOBLIB)
    process.kill()
    go_on(tmp_path)
    with process:  # its workers keep the pipes open
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
    until = time.monotonic() + PATIENCE_S
    while trainers(tmp_path):
        assert time.monotonic() < until
        time.sleep(0.05)
    resume(tmp_path, whole, *JOBLIB)


@slow
def test_runs_at_the_same_time_share_cores_and_devices_and_load_plugins(
    full_size: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = """
import os
from dataclasses import dataclass
from graphrec_cli.config.loss import BPRConfig
from graphrec_cli.config.plugins import register

@dataclass(kw_only=True, slots=True)
class OtherConfig(BPRConfig):
    name: str = "other"

register("loss", OtherConfig, None)
print("given", os.environ.get("OMP_NUM_THREADS"), os.environ.get("CUDA_VISIBLE_DEVICES"))
"""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr("graphrec_cli.workflows.launched_sweep._CORES", 5)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    Path(full_size("--version").folder, "mine.py").write_text(plugin, encoding="utf-8")
    done = full_size("train", *COUNTED, "seed=1,2", *JOBLIB, "--plugin", "mine.py")
    assert done.code == 0, done.err
    given = [
        re.search(r"given (\d) (\d)", path.read_text("utf-8"))
        for path in done.run.glob("logs/*.log")
    ]
    assert [found and found[1] for found in given] == ["2", "2"]
    assert {found and found[2] for found in given} <= {"4", "6"}
    configs = [read(path) for path in done.run.glob("*/config.json")]
    assert [config["num_threads"] for config in configs] == [2, 2]


@slow
def test_runs_that_start_together_prepare_their_data_once(full_size: Command) -> None:
    folder = full_size("--version").folder
    rng = np.random.default_rng(4)
    rows = np.stack([rng.integers(300, size=15_000), rng.integers(200, size=15_000)], axis=1)
    np.savetxt(
        folder / "ratings.csv", rows, fmt="%d", delimiter=",", header="user,item", comments=""
    )
    done = full_size(
        "train",
        "dataset=table",
        "dataset.path=ratings.csv",
        "cache_dir=cache",
        "model=popularity",
        "split.seed=1",
        "seed=1,2,3",
        "-m",
        *LOCAL,
    )
    assert done.code == 0, done.err
    logs = [path.read_text("utf-8") for path in done.run.glob("*/train.log")]
    assert len(logs) == 3
    assert len([said for said in logs if "stored the prepared data in the cache" in said]) == 1
    assert len([said for said in logs if "loaded the prepared data from the cache" in said]) == 2
    assert len(list((folder / "cache/prepared").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*JOBLIB, "hydra.launcher.njobs=2"), "unknown key 'hydra.launcher.njobs'"),
        ((JOBLIB[0], "hydra.launcher.n_jobs=0"), "hydra.launcher.n_jobs must be a number of jobs"),
        (
            (JOBLIB[0], "hydra.launcher.n_jobs=many"),
            "cannot be composed from 'hydra/launcher=joblib hydra.launcher.n_jobs=many'",
        ),
        (
            (*LOCAL, "hydra.launcher.cpus_per_task=x"),
            "hydra.launcher.cpus_per_task=x'; check these words",
        ),
        pytest.param(
            (*RAY, "hydra.launcher.num_cpus=x"),
            "hydra.launcher.num_cpus=x'; check these words",
            marks=needs_ray,
        ),
        (
            ("hydra/launcher=slurm",),
            "hydra/launcher has no option 'slurm' (options: basic, graphrec_ray, joblib",
        ),
    ],
)
def test_a_wrong_launcher_is_refused_before_a_folder_is_made(
    words: tuple[str, ...], message: str, full_size: Command
) -> None:
    done = full_size("train", *COUNTED, "seed=1,2", *words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert list(done.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("launcher", "extra"), [(JOBLIB, "joblib"), (LOCAL, "slurm"), (RAY, "ray")]
)
def test_a_launcher_that_is_not_installed_names_its_extra(
    launcher: tuple[str, ...],
    extra: str,
    full_size: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = full_size("train", *COUNTED, "seed=1,2", *launcher)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {launcher[0]} needs a package that is not installed; run pip install "
        f"'graphrec-cli[{extra}]'\n"
    )
