"""Stop a run on a signal: immediately, or at the next point where no work is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeAlias

from graphrec_cli.errors import Interrupted

WATCHED = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP")
Handler: TypeAlias = Callable[[int, FrameType | None], None]


@contextmanager
def handled_by(handler: Handler, *, even_if_ignored: Collection[int] = ()) -> Iterator[None]:
    """Let a function handle the signals inside the block.

    Args:
        even_if_ignored: signals that it also handles if they were ignored; others stay ignored.
    """
    numbers = [getattr(signal, name) for name in WATCHED if hasattr(signal, name)]
    before = {
        number: signal.signal(number, handler)
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN or number in even_if_ignored
    }
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


class StopSignals:
    """Turns a signal into ``Interrupted``.

    Outside ``held`` blocks it is raised where the signal arrives. Inside, it waits for ``check``,
    so that every file and step is finished; a second Ctrl-C does not wait. After the first
    ``Interrupted``, or after ``close``, further signals are only recorded.

    Attributes:
        received: the number of the last signal; None if no signal has arrived.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._held = False
        self._closed = False

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals inside the block; signals that the process ignores stay ignored."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python delivers signals to the main thread only
            return
        with handled_by(self._handle):
            yield

    @contextmanager
    def held(self) -> Iterator[None]:
        """Delay signals inside the block.

        Raises:
            Interrupted: at the end of the block, for a signal that ``check`` has not raised.
        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.check()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Inside ``held``: allow signals at any point of a block that changes no state.

        Raises:
            Interrupted: a signal has arrived or arrives inside the block.
        """
        self._held = False
        try:
            self.check()
            yield
        finally:
            self._held = True

    def check(self) -> None:
        """Raise a delayed signal.

        Raises:
            Interrupted: a signal has arrived.
        """
        if self.received is not None:
            self._closed = True
            raise Interrupted(self.received)

    def close(self) -> None:
        """Ignore further signals: the run is finished."""
        self._closed = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        impatient = number == signal.SIGINT and self.received == signal.SIGINT
        self.received = number
        if self._closed or (self._held and not impatient):
            return
        self._closed = True
        raise Interrupted(number, midway=impatient)
