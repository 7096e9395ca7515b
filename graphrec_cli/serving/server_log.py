"""Errors of uvicorn and asyncio as lines of graphrec's log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("graphrec")

_LOGGERS = ("uvicorn.error", "asyncio")


@contextmanager
def server_errors_logged() -> Iterator[None]:
    """Log their errors in the block, a line each; warnings about bad requests are left out.

    Every client can cause such a warning, and many of them would fill the log.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(each.level, each.propagate) for each in loggers]
    handler = _OneLine(logging.ERROR)
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.ERROR)
        each.propagate = False
    try:
        yield
    finally:
        for each, (level, propagate) in zip(loggers, before, strict=True):
            each.removeHandler(handler)
            each.setLevel(level)
            each.propagate = propagate


class _OneLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Log the message, and the error without its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        cause = "" if error is None else f": {type(error).__name__}: {error}"
        log.error("server: %s%s", record.getMessage().strip(), cause)
