"""The log on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from graphrec_cli.system.progress import bars_erased
from graphrec_cli.terminal_text import printable


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Write the log lines of the block to stderr, and to no other logger's handlers."""
    log = logging.getLogger("graphrec")
    level, propagates = log.level, log.propagate
    handler = _ScreenHandler()
    handler.setFormatter(_ScreenFormatter())
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates


class _ScreenHandler(logging.StreamHandler[TextIO]):
    """Writes lines to stderr, never onto a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        with bars_erased():
            super().emit(record)


class _ScreenFormatter(logging.Formatter):
    """The message, with ``warning:`` before a warning; control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        message = printable(super().format(record))
        return f"warning: {message}" if record.levelno == logging.WARNING else message
