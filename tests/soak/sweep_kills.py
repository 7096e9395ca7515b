"""Sweeps and searches whose process is killed again and again, at any moment, and resumed."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from builders import TINY
from forker import Fate, Forker
from torch import Tensor

KILLS = 10
"""Number of SIGKILLs per sweep."""
SHARED = ("train", *TINY, "model.embedding_dim=8", "trainer.batch_size=40", "-m")
SEARCH = (
    "hydra/sweeper=graphrec_optuna",
    "hydra.sweeper.trials=5",
    "hydra.sweeper.startup_trials=2",
    "hydra.sweeper.warmup_epochs=1",
    "trainer.learning_rate=tag(log,interval(0.0001,0.1))",
    "trainer.epochs=6",
)
CHOICES = (
    ("seed=1,2 model.num_layers=1,2", "model=lightgcn,popularity seed=1,2", "search", "search"),
    ("plots=false", "plots=true"),
    ("evaluation.floor=null", "evaluation.floor=auto"),
)
OF_THE_CLOCK = ("seconds", "run")
"""Keys of a result that differ between any two sweeps; run is a path."""


@dataclass(frozen=True, slots=True)
class End:
    """What a completed sweep has that does not depend on the clock or the folder."""

    results: list[dict[str, Any]]
    jobs: list[dict[str, Any]]
    rows: list[dict[str, str]]
    weights: dict[str, dict[str, Tensor]]

    @classmethod
    def of(cls, home: Path) -> End:
        """Read them with only the standard library and torch."""
        (record,) = home.glob("outputs/*/sweep.json")
        folder = record.parent
        files = sorted((folder / "results").glob("*.json"), key=lambda path: int(path.stem))
        results = [json.loads(path.read_text("utf-8")) for path in files]
        rows = list(csv.DictReader((folder / "sweep.csv").read_text("utf-8").splitlines()))
        return cls(
            [{k: v for k, v in result.items() if k not in OF_THE_CLOCK} for result in results],
            json.loads(record.read_text("utf-8"))["jobs"],
            [{k: v for k, v in row.items() if k not in ("seconds", "directory")} for row in rows],
            {
                path.parents[1].name: torch.load(path, weights_only=True)["model"]
                for path in sorted(folder.glob("*/checkpoints/best.pt"))
            },
        )

    def assert_same(self, other: End) -> None:
        """Compare every result, every row of the table and every bit of the weights."""
        assert self.jobs == other.jobs, "other runs"
        assert self.results == other.results, "other results"
        assert self.rows == other.rows, "another sweep.csv"
        completed = [
            job["run"] for job, of in zip(self.jobs, self.results, strict=True) if of["metrics"]
        ]
        for run in completed:
            mine, theirs = self.weights[run], other.weights[run]
            assert mine.keys() == theirs.keys()
            assert all(torch.equal(mine[name], theirs[name]) for name in mine), "other weights"


def sweep_kills(folder: Path) -> Callable[[random.Random], str]:
    """Campaign: one sweep per case, killed ``KILLS`` times, ends like an undisturbed one."""
    forker = Forker()

    def case(rng: random.Random) -> str:
        chosen = [word for choice in CHOICES for word in rng.choice(choice).split()]
        kind = "search" if "search" in chosen else "grid"
        words = [*SHARED, *(word for word in chosen if word != "search")]
        words += SEARCH if kind == "search" else []
        home = folder / f"case-{rng.getrandbits(64):016x}"
        for name in ("whole", "killed"):
            (home / name).mkdir(parents=True)
        peaceful = forker.live(home / "whole", words)
        assert peaceful.code == 0, peaceful
        number = survive(forker, home / "killed", words, rng)
        End.of(home / "killed").assert_same(End.of(home / "whole"))
        if kind == "search":
            assert_each_trial_once(next((home / "killed").glob("outputs/*/study.log")))
        return f"the same {kind} after {number} kills"

    return case


def survive(forker: Forker, folder: Path, words: list[str], rng: random.Random) -> int:
    """Kill the sweep ``KILLS`` times, then let it finish; returns how often it was killed."""
    number = 0
    while number < KILLS:
        life = forker.live(folder, command(folder, words, rng), death(folder, rng))
        if life.code == 0:
            return number
        assert life.code == -9, life
        number += 1
    life = forker.live(folder, command(folder, words, rng))
    assert life.code == 0, life
    return number


def command(folder: Path, words: list[str], rng: random.Random) -> list[str]:
    """Both ways to resume: by the sweep's folder, or the same command again."""
    sweeps = [path.parent for path in folder.glob("outputs/*/sweep.json")]
    assert len(sweeps) <= 1, f"a second sweep: {sweeps}"
    if sweeps and rng.random() < 0.5:
        return ["train", "-m", f"sweep.resume={sweeps[0]}"]
    return [*words, "sweep.autoresume=true"]


def death(folder: Path, rng: random.Random) -> Fate:
    """Kill at a file operation among the runs, or at any time, also while words are composed."""
    if rng.random() < 0.7:
        return Fate(event=int(2 ** rng.uniform(0, 8.5)), below=str(folder / "outputs"))
    return Fate(seconds=rng.uniform(0, 5))


def assert_each_trial_once(journal: Path) -> None:
    """Hold Optuna's own reading of the study against the number of trials."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(journal)))
    (summary,) = optuna.get_all_study_summaries(storage)
    trials = optuna.load_study(study_name=summary.study_name, storage=storage).get_trials()
    assert [trial.number for trial in trials] == list(range(5)), "other numbers"
    assert all(trial.state.is_finished() for trial in trials), "an unfinished trial"
