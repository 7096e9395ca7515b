"""Runs whose process is killed again and again, at any moment, and resumed."""

from __future__ import annotations

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

KILLS = 5
"""Number of SIGKILLs per run."""
SHARED = (
    "train",
    *TINY,
    "model.embedding_dim=8",
    "trainer.learning_rate=0.03",
    "trainer.epochs=150",
)
CHOICES = (
    ("sampler=uniform", "sampler=hardneg"),
    ("sampler.by=user", "sampler.by=interaction", "sampler.by=distinct_user"),
    ("trainer.batch_size=40", "trainer.batch_size=40 trainer.steps_per_epoch=5"),
    ("trainer.patience=null", "trainer.patience=120", "trainer.validate_every=3", "split.valid=0"),
    ("trainer.checkpoints_kept=2", "trainer.checkpoints_kept=1", "trainer.checkpoints_kept=3"),
    ("trainer.checkpoint_every=1", "trainer.checkpoint_every=null", "trainer.checkpoint_every=2"),
    ("trainer.checkpoint_minutes=5", "trainer.checkpoint_minutes=0.00001"),
    ("plots=false", "plots=true"),
)
TIMES = ("seconds", "triplets_per_second")
"""Keys of a row of the history that differ between any two runs."""


@dataclass(frozen=True, slots=True)
class End:
    """The results of a completed run that do not depend on the clock."""

    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    best: dict[str, Tensor]
    last: dict[str, Tensor]

    @classmethod
    def of(cls, run: Path) -> End:
        """Read them with only the standard library and torch."""
        rows = map(json.loads, (run / "history.jsonl").read_text("utf-8").splitlines())
        best, last = (
            torch.load(run / "checkpoints" / name, weights_only=True)["model"]
            for name in ("best.pt", "last.pt")
        )
        return cls(
            json.loads((run / "metrics.json").read_text("utf-8")),
            [{key: value for key, value in row.items() if key not in TIMES} for row in rows],
            best,
            last,
        )

    def assert_same(self, other: End) -> None:
        """Compare every figure, every row of the history and every bit of the weights."""
        assert self.metrics == other.metrics, "other figures"
        assert self.history == other.history, "another history"
        for mine, theirs in ((self.best, other.best), (self.last, other.last)):
            assert mine.keys() == theirs.keys()
            assert all(torch.equal(mine[name], theirs[name]) for name in mine), "other weights"


def kills(folder: Path) -> Callable[[random.Random], str]:
    """Campaign: one run per case, killed ``KILLS`` times, ends like an undisturbed one."""
    forker = Forker()

    def case(rng: random.Random) -> str:
        words = [*SHARED, *(word for choice in CHOICES for word in rng.choice(choice).split())]
        home = folder / f"case-{rng.getrandbits(64):016x}"
        for name in ("whole", "killed"):
            (home / name).mkdir(parents=True)
        peaceful = forker.live(home / "whole", words)
        assert peaceful.code == 0, peaceful
        (whole,) = (home / "whole").glob("outputs/*/config.json")
        number = survive(forker, home / "killed", words, rng)
        # A kill before the run directory is complete may leave an empty one.
        runs = list((home / "killed").glob("outputs/*/metrics.json"))
        assert len(runs) == 1, f"{len(runs)} finished runs"
        End.of(runs[0].parent).assert_same(End.of(whole.parent))
        left = [path.name for path in runs[0].parent.rglob(".*")]
        assert not left, f"left behind: {left}"
        return f"the same run after {number} kills"

    return case


def survive(forker: Forker, folder: Path, words: list[str], rng: random.Random) -> int:
    """Kill the run ``KILLS`` times, then let it finish; returns how often it was killed."""
    again = [*words, "trainer.autoresume=true"]
    number = 0
    while number < KILLS:
        life = forker.live(folder, command(folder, again, rng), death(rng))
        if life.code == 0:
            return number
        assert life.code == -9, life
        number += 1
    life = forker.live(folder, command(folder, again, rng))
    assert life.code == 0, life
    return number


def command(folder: Path, again: list[str], rng: random.Random) -> list[str]:
    """Both ways to resume: by the run's name, or the same command again."""
    runs = [path.parent for path in folder.glob("outputs/*/config.json")]
    assert len(runs) <= 1, f"a second run: {runs}"
    if runs and rng.random() < 0.5:
        return ["train", f"resume={runs[0]}"]
    return again


def death(rng: random.Random) -> Fate:
    """Kill at a file operation, mostly one of a checkpoint, or at any time."""
    if rng.random() < 0.7:
        return Fate(event=int(2 ** rng.uniform(0, 8)))
    return Fate(seconds=rng.uniform(0, 0.4))
