"""Sweeps of joblib of which the command, a worker, a run or all of them are killed, and resumed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from builders import PATIENCE_S, TINY
from forker import ROOT, Forker
from sweep_kills import End, command
from trainers import trainers

KILLS = 4
"""Number of times that processes of a sweep are killed."""
SHARED = ("train", *TINY, "model.embedding_dim=8", "trainer.batch_size=40", "-m")
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
CHOICES = (
    ("seed=1,2 model.num_layers=1,2", "model=lightgcn,popularity seed=1,2"),
    ("trainer.epochs=20", "trainer.epochs=120"),
    ("evaluation.floor=null", "evaluation.floor=auto"),
)
VICTIMS = ("command", "run", "worker", "all")


def launched_kills(folder: Path) -> Callable[[random.Random], str]:
    """Campaign: one sweep per case, with processes killed ``KILLS`` times, ends like another one.

    The other one is not disturbed, and its runs take turns.
    """
    forker = Forker()

    def case(rng: random.Random) -> str:
        words = [*SHARED, *(word for choice in CHOICES for word in rng.choice(choice).split())]
        home = folder / f"case-{rng.getrandbits(64):016x}"
        for name in ("whole", "killed"):
            (home / name).mkdir(parents=True)
        peaceful = forker.live(home / "whole", words)
        assert peaceful.code == 0, peaceful
        killed = [live(home / "killed", words, rng) for _ in range(KILLS)]
        wait_for_runs(home / "killed")
        process = start(home / "killed", words, rng)
        assert process.wait(PATIENCE_S) == 0, (home / "killed" / "printed").read_text("utf-8")
        End.of(home / "killed").assert_same(End.of(home / "whole"))
        return f"the same sweep after {sum(killed)} kills"

    return case


def live(folder: Path, words: list[str], rng: random.Random) -> bool:
    """Start or resume the sweep and kill some of its processes; returns whether any was there."""
    process = start(folder, words, rng)
    time.sleep(rng.uniform(0, 12))
    victims = choose(rng.choice(VICTIMS), process.pid, trainers(folder), rng)
    killed = process.poll() is None and bool(victims)
    for victim in victims if killed else ():
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(victim, signal.SIGKILL)
    process.wait(PATIENCE_S)
    if rng.random() < 0.7:  # else the next command meets runs that have not ended yet
        wait_for_runs(folder)
    return killed


def choose(kind: str, command: int, runs: dict[int, int], rng: random.Random) -> list[int]:
    """The processes to kill; none if the kind has not been started yet.

    Args:
        runs: processes that train, each with its worker.
    """
    if kind == "command":
        return [command]
    if kind == "all":
        return [command, *runs.values(), *runs]
    return [rng.choice(sorted(runs if kind == "run" else runs.values()))] if runs else []


def start(folder: Path, words: list[str], rng: random.Random) -> subprocess.Popen[bytes]:
    """Start or resume the sweep; what it prints is kept for the message of a failure."""
    with (folder / "printed").open("ab") as printed:
        return subprocess.Popen(
            [sys.executable, "-m", "graphrec_cli", *command(folder, words, rng), *JOBLIB],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=printed,
            stderr=printed,
        )


def wait_for_runs(folder: Path) -> None:
    """Wait until the runs of a killed command have written a checkpoint and ended."""
    until = time.monotonic() + PATIENCE_S
    while trainers(folder):
        assert time.monotonic() < until, "a run goes on without its command"
        time.sleep(0.05)
