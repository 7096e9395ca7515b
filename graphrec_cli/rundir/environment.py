"""Describe the environment of a run: versions, hardware, command line; no host or user name."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from graphrec_cli import __version__
from graphrec_cli.config.plugins import recorded_plugins

_PACKAGES = ("torch", "numpy", "pandas", "hydra-core", "omegaconf")
_CUDA_TOLERANCE = (
    "not exact: on CUDA the order of additions varies from run to run; the tests for CUDA allow "
    "the mean loss of an epoch to differ by 1e-4 of itself, and a weight by 1e-3"
)


def describe_environment(
    command: list[str], device: torch.device, num_threads: int, processes: int = 1
) -> dict[str, Any]:
    """The entries of environment.json, without those about the data.

    Args:
        num_threads: threads of each process.
        processes: number of processes that train the run.
    """
    plugins = recorded_plugins()
    return {
        "graphrec": __version__,
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu_count": os.cpu_count(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "num_threads": num_threads,
        "processes": processes,
        **describe_device(device),
        "git": _git_state(Path(__file__).resolve().parents[2]),
        **({"plugins": plugins} if plugins else {}),
        "command": command,
    }


def describe_device(device: torch.device) -> dict[str, str]:
    """The entries of environment.json about the device: its name, and how exact a run on it is."""
    if device.type == "cpu":
        return {"device": "cpu", "determinism": "exact"}
    return {"device": torch.cuda.get_device_name(device), "determinism": _CUDA_TOLERANCE}


def _git_state(checkout: Path) -> dict[str, Any] | None:
    """Commit and dirty flag of the source checkout; None if the package is installed."""
    if not (checkout / ".git").exists():
        return None
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(checkout, "status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(checkout: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(checkout), *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout.strip()


_STORAGE = "hydra.sweeper.storage="
_words: ContextVar[Sequence[str] | None] = ContextVar("words of the command", default=None)


@contextmanager
def command_is(words: Sequence[str]) -> Iterator[None]:
    """Let ``command_line`` return these words, for a run that Python code starts."""
    token = _words.set(words)
    try:
        yield
    finally:
        _words.reset(token)


def command_line() -> list[str]:
    """The words of the command line, starting with ``graphrec``, without the address of a study."""
    words = _words.get()
    words = sys.argv[1:] if words is None else words
    return [
        "graphrec",
        *(f"{_STORAGE}..." if word.startswith(_STORAGE) else word for word in words),
    ]
