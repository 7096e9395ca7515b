"""Start commands by torchrun, as a user does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders import PATIENCE_S


def torchrun_words(processes: int, *words: str) -> list[str]:
    """The command line of ``torchrun --standalone`` with this number of processes."""
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    return [*launcher, f"--nproc-per-node={processes}", *words]


def torchrun(folder: Path, processes: int, *words: str) -> subprocess.CompletedProcess[str]:
    """Run to the end, with ``folder`` as working directory."""
    return subprocess.run(
        torchrun_words(processes, *words),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


@contextmanager
def started(folder: Path, processes: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start, and kill what is left after the block."""
    with subprocess.Popen(
        torchrun_words(processes, *words),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        try:
            yield launcher
        finally:
            launcher.kill()


def process_of_rank(launcher: subprocess.Popen[str], rank: int) -> int:
    """The id of the process that torchrun started with this rank."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if parent == launcher.pid and f"RANK={rank}".encode() in variables:
            return int(entry.name)
    raise LookupError(f"torchrun has no process of rank {rank}")
