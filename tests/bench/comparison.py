"""Measure the contenders in turns on the same data, and check that they do the same work."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from comparison_results import (
    EVALUATION,
    FILES,
    FROM_CACHE,
    MEASURES,
    MEMORY,
    PROFILE,
    SAMPLING,
    STEP,
    Results,
)
from contender import FIRST_STEP, GRAPHREC_WORDS
from contenders import (
    ENTRIES,
    OURS,
    ContenderFailed,
    Running,
    command_of,
    environment,
    last_line,
    python_of,
)
from shared_data import SharedData

CHECKED_STEPS = 4
BATCHES_A_TURN = 100
PAUSE_S = 0.3
"""Between two turns, for the threads of the one before to go to sleep."""
EMBEDDINGS_AGREE = 1e-6
LOSSES_AGREE = 2e-6
METRICS_AGREE = 2e-4
"""RecBole rounds its metrics to four digits, and two near scores may change places."""


class Comparison:
    """One data set, the contenders' processes, and turns among them."""

    def __init__(
        self,
        data: SharedData,
        names: Sequence[str],
        *,
        environments: Path,
        repeats: int,
        threads: int,
        turn_s: float,
    ) -> None:
        """Start every contender that can be installed; ours is always among ``names``."""
        self.data = data
        self.repeats = repeats
        self.threads = threads
        self.turn_s = turn_s
        self.results = Results()
        self._pythons: dict[str, Path] = {}
        self._running: dict[str, Running] = {}
        self._names = [OURS, *(name for name in names if name != OURS)]
        for name in self._names:
            try:
                self._pythons[name] = python_of(name, environments)
            except ContenderFailed as failure:
                self._drop(name, failure)

    def run(self, measures: Sequence[str]) -> Results:
        """Measure, one after the other.

        Raises:
            ContenderFailed: graphrec itself does not run.
        """
        try:
            if set(measures) - {FILES}:
                self._start()
            for measure in MEASURES:
                if measure in measures:
                    say(f"{self.data.name}: {measure} ...")
                    self._measure(measure)
        finally:
            for running in self._running.values():
                running.close()
        return self.results

    def _start(self) -> None:
        """Bring all contenders to the same embeddings."""
        for name, python in list(self._pythons.items()):
            say(f"{self.data.name}: starting {name} ...")
            running = Running(name, python, self.data.folder, self.threads)
            self._running[name] = running
            try:
                answer = running.ask("begin", file=f"{name}.npy")
                self._check_embeddings(name)
            except ContenderFailed as failure:
                self._drop(name, failure)
                continue
            self.results.versions[name] = answer["versions"]
            self.results.notes[name] = answer["notes"]

    def _measure(self, measure: str) -> None:
        if measure == STEP:
            asked = {
                name: self._ask(name, "steps", count=CHECKED_STEPS) for name in list(self._running)
            }
            self._check(STEP, asked, "loss", LOSSES_AGREE)
            self._turns(STEP, lambda name: self._ask(name, STEP, seconds=self.turn_s))
        elif measure == SAMPLING:
            self._turns(SAMPLING, lambda name: self._ask(name, SAMPLING, count=BATCHES_A_TURN))
        elif measure == EVALUATION:
            for name in list(self._running):
                self._ask(name, "begin", file=f"{name}.npy")
            last = self._turns(EVALUATION, self._evaluate)
            for metric in ("recall", "ndcg"):
                self._check(EVALUATION, last, metric, METRICS_AGREE)
        elif measure == FILES:
            self._time_files()
        elif measure == PROFILE:
            for name in list(self._running):
                answer = self._ask(name, PROFILE)
                if answer is not None:
                    self.results.profiles[name] = answer["shares"]
        else:
            for name in list(self._running):
                self._ask(name, "steps", count=1)
                self._evaluate(name)
                answer = self._ask(name, MEMORY)
                if answer is not None:
                    self._keep(MEMORY, name, float(answer["bytes"]))

    def _turns(
        self, measure: str, ask: Callable[[str], dict[str, Any] | None]
    ) -> dict[str, dict[str, Any] | None]:
        """One turn to warm up and ``repeats`` more; returns the last answers."""
        last: dict[str, dict[str, Any] | None] = {}
        for turn in range(1 + self.repeats):
            for name in list(self._running):
                time.sleep(PAUSE_S)
                last[name] = answer = ask(name)
                if turn and answer is not None:
                    self._keep(measure, name, float(answer["seconds"]))
        return last

    def _evaluate(self, name: str) -> dict[str, Any] | None:
        return self._ask(name, EVALUATION, count=ENTRIES[name].evaluated_users or 0)

    def _ask(self, name: str, what: str, **values: Any) -> dict[str, Any] | None:
        """An answer; None if the contender fails or has failed before, and is left out."""
        if name not in self._running:
            return None
        try:
            return self._running[name].ask(what, **values)
        except ContenderFailed as failure:
            self._drop(name, failure)
            return None

    def _time_files(self) -> None:
        """Whole processes, from their start to the first training step."""
        folder = self.data.folder
        ours = [sys.executable, str(Path(__file__).with_name("first_step.py")), "train"]
        ours += [*GRAPHREC_WORDS, f"data_dir={folder}", f"output_dir={folder / 'outputs'}"]
        ours += [f"num_threads={self.threads}"]
        for turn in range(1 + self.repeats):
            cache = f"cache_dir={folder / f'cache-{turn}'}"
            commands = {OURS: [*ours, cache], FROM_CACHE: [*ours, cache]}
            for name, python in self._pythons.items():
                if name != OURS:
                    commands[name] = command_of(name, python, folder, FIRST_STEP)
            for name, command in commands.items():
                time.sleep(PAUSE_S)
                started = time.perf_counter()
                done = subprocess.run(
                    command,
                    env=environment(self.threads),
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                seconds = time.perf_counter() - started
                if done.returncode:
                    message = f"does not run: {last_line(done.stderr)}"
                    self._drop(name, ContenderFailed(message))
                elif turn:
                    self._keep(FILES, name, seconds)

    def _keep(self, measure: str, name: str, value: float) -> None:
        self.results.values.setdefault(measure, {}).setdefault(name, []).append(value)

    def _check_embeddings(self, name: str) -> None:
        ours, theirs = (
            np.load(self.data.folder / f"{contender}.npy") for contender in (OURS, name)
        )
        if ours.shape != theirs.shape or not np.allclose(ours, theirs, atol=EMBEDDINGS_AGREE):
            raise ContenderFailed("left out: its final embeddings differ from graphrec's")

    def _check(
        self, measure: str, last: dict[str, dict[str, Any] | None], key: str, tolerance: float
    ) -> None:
        """Drop contenders with another loss after the same steps, or with other metrics."""
        for name, answer in last.items():
            entry = ENTRIES[name]
            ours = last[OURS]
            if name == OURS or answer is None or (measure == STEP and not entry.same_loss):
                continue
            if measure == EVALUATION and entry.evaluated_users is not None:
                ours = self._ask(OURS, EVALUATION, count=entry.evaluated_users)
            assert ours is not None
            if not math.isclose(answer[key], ours[key], abs_tol=tolerance):
                words = f"left out: {key} {answer[key]:.6f}, where graphrec has {ours[key]:.6f}"
                self._drop(name, ContenderFailed(words))

    def _drop(self, name: str, failure: ContenderFailed) -> None:
        if name in (OURS, FROM_CACHE):
            raise failure
        say(f"{ENTRIES[name].title}: {failure}")
        self.results.failures[name] = str(failure)
        self._pythons.pop(name, None)
        if name in self._running:
            self._running.pop(name).close()
        for values in self.results.values.values():
            values.pop(name, None)


def say(words: str) -> None:
    """Progress, on stderr."""
    print(words, file=sys.stderr, flush=True)
