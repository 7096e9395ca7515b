"""The interface of the comparison's contenders, and its protocol of JSON lines.

Runs in the environment of each contender, so it only needs Python, numpy and torch.
``python lightgcn_x.py FOLDER`` answers requests, one a line; ``python lightgcn_x.py FOLDER
first-step`` ends where the first training step would begin.
"""

from __future__ import annotations

import json
import os
import sys
import time
from abc import ABC, abstractmethod
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from numpy.typing import NDArray

DIM = 64
NUM_LAYERS = 3
BATCH_SIZE = 2048
LEARNING_RATE = 1e-3
L2 = 1e-4
"""Weight of half the squared norm of the batch's layer-0 embeddings, per triple."""
TOP_K = 20
PROFILED_STEPS, PROFILED_OPERATIONS = 3, 5
FEWEST_STEPS = 3
"""Of a turn of training steps, however long they take."""
GRAPHREC_WORDS = (
    *("dataset=adjacency_list", "dataset.folder=data", "dataset.download=false"),
    *("split=predefined", "model=lightgcn", f"model.num_layers={NUM_LAYERS}"),
    *(f"model.embedding_dim={DIM}", "sampler=uniform_by_interaction"),
    *("loss=bpr", f"loss.l2={L2}", f"trainer.batch_size={BATCH_SIZE}"),
    *(f"trainer.learning_rate={LEARNING_RATE}", "trainer.patience=null", "device=cpu"),
)
"""The same values, and the data folder's files, as words of graphrec's command line."""
FIRST_STEP = "first-step"


class Contender(ABC):
    """One implementation of LightGCN, on the files of the data folder.

    Attributes:
        packages: whose versions the report names.
        notes: what a reader of the report must know to judge the figures.
    """

    packages: tuple[str, ...] = ("torch", "numpy")
    notes: tuple[str, ...] = ()

    @abstractmethod
    def prepare(self, folder: Path) -> None:
        """Read the files and build everything for the first training step, including its batch."""

    @abstractmethod
    def start_from(self, layer0: NDArray[np.float32]) -> None:
        """Make ``layer0``, of shape (users + items, dim), the embeddings; on the data's indices."""

    @abstractmethod
    def give_batches(self, batches: NDArray[np.int64]) -> None:
        """Take the batches of the timed steps, of shape (batches, 3, batch), in the form it likes.

        A batch holds users, positive and negative items on the data's indices.
        """

    @abstractmethod
    def step(self, place: int) -> float:
        """Forward, backward and optimizer on the batch at ``place``; returns its loss."""

    @abstractmethod
    def sample(self, batches: int) -> int:
        """Draw this many batches of a new epoch, or the whole epoch if it has fewer.

        Returns:
            the number of triples drawn.
        """

    @abstractmethod
    def evaluate(self, users: NDArray[np.int64]) -> tuple[float, float]:
        """recall and ndcg of the first ``TOP_K`` over these test users, propagation included."""

    @abstractmethod
    def final_embeddings(self) -> NDArray[np.float32]:
        """Propagated embeddings of shape (users + items, dim), on the data's indices."""


def read_lists(path: Path) -> list[tuple[int, list[int]]]:
    """The users of an adjacency list file with their items, in its order."""
    with path.open(encoding="utf-8") as lines:
        numbers = [[int(word) for word in line.split()] for line in lines]
    return [(row[0], row[1:]) for row in numbers if row]


def main(contender: Contender) -> None:
    """Prepare, and then either end or answer requests from stdin until it is closed."""
    folder = Path(sys.argv[1])
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    # Output of libraries must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    contender.prepare(folder)
    if sys.argv[2:] == [FIRST_STEP]:
        os._exit(0)
    contender.give_batches(np.load(folder / "batches.npy"))
    serve(contender, folder, answers)


def serve(contender: Contender, folder: Path, answers: TextIO) -> None:
    """Answer each line of stdin with one line."""
    place = 0
    for line in sys.stdin:
        request = json.loads(line)
        what, count = request["what"], request.get("count", 0)
        if what == "begin":
            answer = begin(contender, folder, request["file"])
        elif what == "steps":
            answer = take_steps(contender, place, count)
            place += count
        elif what == "step":
            answer = time_steps(contender, place, request["seconds"])
            place += answer["steps"]
        elif what == "sampling":
            started = time.perf_counter()
            triples = contender.sample(count)
            answer = {"seconds": (time.perf_counter() - started) * BATCH_SIZE / triples}
        elif what == "profile":
            answer = profile_steps(contender, place)
            place += PROFILED_STEPS
        elif what == "evaluation":
            answer = time_evaluation(contender, np.load(folder / "test_users.npy"), count)
        else:
            answer = {"bytes": peak_memory()}
        print(json.dumps(answer), file=answers, flush=True)


def begin(contender: Contender, folder: Path, file: str) -> dict[str, Any]:
    """Start from the common embeddings and leave what they are propagated to in ``file``."""
    contender.start_from(np.load(folder / "layer0.npy"))
    np.save(folder / file, contender.final_embeddings())
    versions = {name: version(name) for name in contender.packages}
    return {"versions": versions, "notes": contender.notes}


def take_steps(contender: Contender, first: int, count: int) -> dict[str, Any]:
    """The loss of the last of ``count`` steps from the given batch at ``first`` on."""
    losses = [contender.step(place) for place in range(first, first + count)]
    return {"loss": losses[-1]}


def time_steps(contender: Contender, first: int, at_least: float) -> dict[str, Any]:
    """Mean seconds per step in a turn of this many seconds, after a turn to warm up."""
    contender.step(first)
    taken = 0
    started = time.perf_counter()
    while taken < FEWEST_STEPS or time.perf_counter() - started < at_least:
        taken += 1
        contender.step(first + taken)
    return {"seconds": (time.perf_counter() - started) / taken, "steps": 1 + taken}


def profile_steps(contender: Contender, first: int) -> dict[str, Any]:
    """Shares of the steps' time that torch's operations take by themselves, the largest first.

    What is left to 1 is Python, and what stands between two operations.
    """
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        started = time.perf_counter()
        take_steps(contender, first, PROFILED_STEPS)
        seconds = time.perf_counter() - started
    events = [(event.key, event.self_cpu_time_total) for event in profile.key_averages()]
    largest = sorted(events, key=lambda event: -event[1])[:PROFILED_OPERATIONS]
    return {"shares": {name: microseconds / 1e6 / seconds for name, microseconds in largest}}


def time_evaluation(contender: Contender, users: NDArray[np.int64], count: int) -> dict[str, Any]:
    """Seconds for all ``users``, scaled from ``count`` evenly spread ones unless that is 0."""
    asked = users[:: max(1, len(users) // count)][:count] if count else users
    started = time.perf_counter()
    recall, ndcg = contender.evaluate(asked)
    seconds = (time.perf_counter() - started) * len(users) / len(asked)
    return {"seconds": seconds, "recall": recall, "ndcg": ndcg}


def peak_memory() -> int:
    """Peak resident memory of this process in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [row for row in status.read_text().splitlines() if row.startswith("VmHWM")]
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
