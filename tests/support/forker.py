"""A process that has imported everything, and forks a child for every order.

Run as ``python tests/support/forker.py``: each line of stdin is a list of orders in JSON, for
children that start at the same time; each line of stdout is a list of their results. A child starts
within milliseconds; a new interpreter would need seconds to import torch.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "fcntl.flock")
"""Of Python's audit events, those of files; fsync, which has none, is counted with them."""
PIPE_BYTES = 2**20
"""What a life may print on stdout, and on stderr."""
PRELOADED = (
    "torch",
    "graphrec_cli.workflows.launch",
    "graphrec_cli.workflows.recommend",
    "graphrec_cli.workflows.reproduce",
    "graphrec_cli.workflows.prepare_data",
    "graphrec_cli.commands.data",
    "matplotlib.pyplot",
    "pyarrow.pandas_compat",
    "graphrec_cli.workflows.search",
    "optuna",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Faults to inject into a process; by default, none.

    Attributes:
        event: SIGKILL at this file operation of the process, from 1.
        below: the folder whose file operations count; all of them if it is empty.
        seconds: SIGKILL after this time.
        file_bytes: no file can grow beyond it, as on a full disk.
        memory_bytes: the largest address space.
        cpu_seconds: SIGXCPU after this much CPU time, even on a busy machine.
    """

    event: int | None = None
    below: str = ""
    seconds: float | None = None
    file_bytes: int | None = None
    memory_bytes: int | None = None
    cpu_seconds: int | None = None


PEACE = Fate()


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How a command ended.

    Attributes:
        code: its exit code, or minus the number of the signal that ended it.
        out, err: what it printed, up to ``PIPE_BYTES`` each.
    """

    code: int
    out: str
    err: str

    def error(self) -> str:
        """The one line of a refusal.

        Raises:
            AssertionError: no line, or more than one.
        """
        assert "Traceback" not in self.err, self.err
        errors = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, f"code {self.code} with {len(errors)} errors: {self.err[-800:]}"
        assert self.err.splitlines()[-1] == errors[0], f"not the last line: {self.err[-800:]}"
        return errors[0]


class Forker:
    """The client of that process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, folder: Path, words: Sequence[str], fate: Fate = PEACE) -> Life:
        """Run ``graphrec`` with ``words`` in ``folder``."""
        (life,) = self.live_together(folder, words, [fate])
        return life

    def live_together(
        self, folder: Path, words: Sequence[str], fates: Sequence[Fate]
    ) -> list[Life]:
        """Run the same command once for each fate, all at the same time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"folder": str(folder), "words": list(words)}
        self._process.stdin.write(json.dumps([order | asdict(fate) for fate in fates]) + "\n")
        self._process.stdin.flush()
        return [Life(**life) for life in json.loads(self._process.stdout.readline())]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def main() -> None:
    """Carry out orders until stdin ends."""
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # no child collects garbage in shared memory
    for line in sys.stdin:
        begun = [(begin(order), order["seconds"]) for order in json.loads(line)]
        lives = [
            {"code": end_of(child, seconds), "out": all_of(out), "err": all_of(err)}
            for (child, out, err), seconds in begun
        ]
        print(json.dumps(lives), flush=True)


def begin(order: dict[str, Any]) -> tuple[int, int, int]:
    """Start a child; return its process, and the pipes of its stdout and stderr."""
    # Pipes, because a file size limit would apply to the messages too.
    pipes = [os.pipe(), os.pipe()]
    for _, write in pipes:
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    child = os.fork()
    if not child:
        live(order, [write for _, write in pipes])
    for _, write in pipes:
        os.close(write)
    (out, _), (err, _) = pipes
    return child, out, err


def all_of(pipe: int) -> str:
    """The content of a pipe whose writers are closed."""
    with open(pipe, encoding="utf-8", errors="replace") as file:
        return file.read()


def end_of(child: int, seconds: float | None) -> int:
    """Wait for the child, and kill it when its time is up."""
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, 0 if deadline is None else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if deadline is not None and time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            deadline = None
        time.sleep(0.001)


def live(order: dict[str, Any], outputs: list[int]) -> None:
    """The child: never returns."""
    from graphrec_cli.cli import main as graphrec

    os.chdir(order["folder"])
    for number, output in enumerate(outputs, start=1):
        os.dup2(output, number)
    limits = (
        (resource.RLIMIT_FSIZE, order["file_bytes"]),
        (resource.RLIMIT_AS, order["memory_bytes"]),
        (resource.RLIMIT_CPU, order["cpu_seconds"]),
    )
    for limit, most in limits:
        if most is not None:
            resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))
    if order["event"] is not None:
        die_at(order["event"], order["below"])
    code = graphrec(order["words"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def die_at(event: int, folder: str) -> None:
    """Kill this process at its file operation number ``event`` below ``folder``."""
    left = event
    real_sync = os.fsync

    def count(*paths: object) -> None:
        nonlocal left
        left -= any(str(path).startswith(folder) for path in paths)
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name in EVENTS:
            count(*arguments)

    def fsync(fd: Any) -> None:
        count(os.readlink(f"/proc/self/fd/{fd}"))
        real_sync(fd)

    os.fsync = fsync
    sys.addaudithook(audit)


if __name__ == "__main__":
    main()
