"""The lock of a cache entry: one process prepares the data, and the others wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from graphrec_cli.system.progress import progress


@contextmanager
def build_lock(entry: Path | None) -> Iterator[None]:
    """Hold the lock of an entry inside the block; the system releases it if the process dies.

    Where no lock can be made, the block runs without one: two processes may then prepare the same
    data, and one entry is kept.

    Args:
        entry: the folder of the entry; None if nothing can be stored.
    """
    if entry is None or not entry.is_absolute():
        yield
        return
    lock = FileLock(entry.with_name(f".{entry.name}.lock"))
    with suppress(OSError, NotImplementedError):
        try:
            lock.acquire(blocking=False)
        except Timeout:
            with progress("waiting for another process that prepares the same data"):
                lock.acquire()
    try:
        yield
    finally:
        if lock.is_locked:
            # Who waits for the removed file finds the entry when it gets the lock.
            with suppress(OSError):
                Path(lock.lock_file).unlink()
            lock.release()
