"""The contenders of the comparison: environments made by pip, and their processes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PEERS = Path(__file__).with_name("peers")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contender of the table.

    Attributes:
        title: in the report.
        script: in ``peers``.
        requirements: packages of its own environment; None uses this one.
        evaluated_users: test users of a timed evaluation, scaled to all, for those whose loop over
            users takes minutes; None evaluates all.
        same_loss: its loss is defined as graphrec's, so the values must agree.
        has_sampler: whether it has its own sampler.
    """

    title: str
    script: str
    requirements: str | None = None
    evaluated_users: int | None = None
    same_loss: bool = True
    has_sampler: bool = True


OURS, REFERENCE = "graphrec", "reference"
ENTRIES: dict[str, Entry] = {
    OURS: Entry(title="graphrec", script="lightgcn_graphrec.py"),
    REFERENCE: Entry(title="reference", script="lightgcn_reference.py", evaluated_users=2000),
    "recbole": Entry(
        title="RecBole", script="lightgcn_recbole.py", requirements="requirements-recbole.txt"
    ),
    "pyg": Entry(
        title="PyTorch Geometric",
        script="lightgcn_pyg.py",
        requirements="requirements-pyg.txt",
        has_sampler=False,
    ),
    "cornac": Entry(
        title="Cornac",
        script="lightgcn_cornac.py",
        requirements="requirements-cornac.txt",
        evaluated_users=1000,
        same_loss=False,
    ),
}


class ContenderFailed(Exception):
    """A contender cannot be installed or does not run; the message is its last line."""


def python_of(name: str, environments: Path) -> Path:
    """The interpreter of a contender; its environment is made if it does not exist.

    Raises:
        ContenderFailed: pip refused.
    """
    requirements = ENTRIES[name].requirements
    if requirements is None:
        return Path(sys.executable)
    wanted = PEERS / requirements
    folder = environments / name
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    print(f"installing {name} into {folder} ...", file=sys.stderr, flush=True)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)],
        [*pip, "-r", str(wanted)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ContenderFailed(f"not installed: {last_line(done.stderr)}")
    stamp.write_text(digest)
    return python


class Running:
    """A contender's process, which holds its model and answers one request at a time."""

    def __init__(self, name: str, python: Path, folder: Path, threads: int) -> None:
        """Start it; when it answers, it is ready for the first step.

        Args:
            folder: the shared data; its log goes there.
        """
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command_of(name, python, folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(threads),
                cwd=folder,
                text=True,
            )

    def ask(self, what: str, **values: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            ContenderFailed: the process ended instead.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"what": what, **values}), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._process.wait()
            raise ContenderFailed(f"does not run: {last_line(self._log.read_text())}")
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def command_of(name: str, python: Path, folder: Path, *words: str) -> list[str]:
    """The command that starts a contender on the shared data."""
    return [str(python), str(PEERS / ENTRIES[name].script), str(folder), *words]


def environment(threads: int) -> dict[str, str]:
    """The environment variables of a contender's process: threads, and this tree's modules."""
    threading = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "MKL", "OPENBLAS")}
    modules = os.pathsep.join([str(ROOT), str(PEERS.parent)])
    return os.environ | threading | {"PYTHONPATH": modules, "PYTHONWARNINGS": "ignore"}


def last_line(text: str) -> str:
    """The last line that is not empty, cut to a table's width."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "it ended without a word")[:200]
