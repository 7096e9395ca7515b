"""Lock a run directory, so that one process at a time writes to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from graphrec_cli.errors import ConfigError, OutputError

_PATIENCE = 1.0
"""Seconds to wait for the lock, since ``is_locked`` acquires it for a moment."""


class RunInUse(ConfigError):
    """Another process is writing to the run directory."""


@contextmanager
def held_lock(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` inside the block; the system releases it if the process dies.

    Raises:
        RunInUse: another process holds it.
        OutputError: the file cannot be made.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=_PATIENCE)
    except Timeout as error:
        raise RunInUse(
            f"{path.parent} is in use by another process, which trains there; wait until it "
            "has finished, or stop it"
        ) from error
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot lock {path}: {reason}; make its folder writable") from error
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock file."""
    if not path.is_file():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except (Timeout, OSError, NotImplementedError):
        return True
    lock.release()
    return False
