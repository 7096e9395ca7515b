"""Signals end a run: at once, or at the next place where nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from graphrec_cli.errors import Interrupted

WATCHED = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")


class StopSignals:
    """Turns a signal into ``Interrupted``.

    Outside of ``held`` blocks it is raised where the signal arrives. Inside, it waits for
    ``check``, so that no file and no step is left half done; only a second Ctrl-C is not held.
    Once a signal was raised, or after ``close``, further ones are no more than noted.

    Attributes:
        received: the number of the last signal, None before one.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._held = False
        self._closed = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watch the signals while the block lasts; those that the process ignores stay ignored."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python gives signals to the main thread alone
            return
        numbers = [getattr(signal, name) for name in WATCHED if hasattr(signal, name)]
        before = {
            number: signal.signal(number, self._handle)
            for number in numbers
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold signals back while the block lasts.

        Raises:
            Interrupted: at the end of the block, if one has come that ``check`` has not raised.
        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.check()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Inside ``held``: a block that may be left anywhere, for it changes nothing.

        Raises:
            Interrupted: a signal came before or comes meanwhile.
        """
        self._held = False
        try:
            self.check()
            yield
        finally:
            self._held = True

    def check(self) -> None:
        """Raise what was held back.

        Raises:
            Interrupted: a signal has come.
        """
        if self.received is not None:
            self._closed = True
            raise Interrupted(self.received)

    def close(self) -> None:
        """From here on there is nothing left to stop."""
        self._closed = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        impatient = number == signal.SIGINT and self.received == signal.SIGINT
        self.received = number
        if self._closed or (self._held and not impatient):
            return
        self._closed = True
        raise Interrupted(number, midway=impatient)
