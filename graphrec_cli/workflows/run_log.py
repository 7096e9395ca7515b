"""The log file of a run: what stderr shows, with times."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graphrec_cli.errors import OutputError

log = logging.getLogger("graphrec")


class _LogFile(logging.FileHandler):
    """A log file that stops the run if it cannot be written, instead of one traceback per line."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Called by logging while it handles the error."""
        error = sys.exc_info()[1]
        log.removeHandler(self)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(
            f"cannot write {self.baseFilename}: {reason}; free disk space or change output_dir"
        ) from error


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """Write the log lines of the block to a file as well.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        handler = _LogFile(path, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; change output_dir") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        with suppress(OSError):  # the error was raised when the line was logged
            handler.close()
