"""The lock of a study's file, which the system releases when its process dies."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock
from optuna.storages.journal._file import BaseJournalFileLock


class JournalLock(BaseJournalFileLock):
    """Optuna's own locks are files that stay behind when their process is killed."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(f"{path}.lock")

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()


def cut_torn_line(path: Path, lock: JournalLock) -> None:
    """Remove the end of a line whose writer was killed; Optuna could not read past it."""
    lock.acquire()
    try:
        with path.open("ab+") as file:
            file.seek(0)
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                file.truncate(whole)
                os.fsync(file.fileno())
    finally:
        lock.release()
