"""Run a tracker in a thread of its own, so that it can neither end nor hold up a run."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from graphrec_cli.system.threads_given_up import give_up_thread
from graphrec_cli.terminal_text import first_line, printable, shorten
from graphrec_cli.tracking.tracker import EpochValues, RunEnd, Tracker

log = logging.getLogger("graphrec")

_WAITING = 10_000
"""Most epochs that wait for a tracker."""
_LONGEST_REASON = 200


class Worker:
    """Hands one tracker what happens in a run. The first failure switches it off.

    Failures are logged by the thread of the run, not by that of the tracker: a log that cannot be
    written must end the run.
    """

    def __init__(self, name: str, make: Callable[[], Tracker], secrets: list[str]) -> None:
        """Prepare the tracker; nothing is started.

        Args:
            name: of the tracker, for the log.
            make: imports the tracker's package and returns the tracker.
            secrets: texts that the log must not have.
        """
        self._name, self._make, self._secrets = name, make, secrets
        self._waiting: queue.Queue[EpochValues | RunEnd] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._is_off = False

    def start(self) -> None:
        """Import the tracker's package here, because imports in two threads may wait for each
        other, and start the thread."""
        try:
            tracker = self._make()
            # A daemon, so that a tracker that hangs does not keep the process.
            self._thread = threading.Thread(target=self._work, args=(tracker,), daemon=True)
            self._thread.start()
        except Exception as error:
            self._switch_off(self._describe(error))

    def put(self, event: EpochValues | RunEnd) -> None:
        """Hand over an epoch or the end, without waiting."""
        self._check()
        if self._is_off or self._thread is None:
            return
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self._switch_off(f"{_WAITING:,} epochs are waiting for it")

    def join(self, seconds: float) -> bool:
        """Wait for the tracker to finish; whether it has."""
        if self._is_off or self._thread is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def close(self, waited: float) -> None:
        """Give up a tracker that has not finished.

        Args:
            waited: seconds since the end of the run.
        """
        finished = self.join(0)
        self._check()
        if not finished:
            give_up_thread()
            self._switch_off(f"it has not finished {waited:.0f} s after the run")

    def _check(self) -> None:
        """Switch off a tracker that has failed."""
        if self._error is not None:
            self._switch_off(self._describe(self._error))

    def _switch_off(self, reason: str) -> None:
        if not self._is_off:
            self._is_off = True
            log.warning("tracker %s: %s; the run goes on without it", self._name, reason)

    def _describe(self, error: BaseException) -> str:
        """The kind of an error and its first line, without secrets."""
        text = printable(first_line(error))
        for secret in self._secrets:
            text = text.replace(secret, "***")
        kind = type(error).__name__
        return kind if text == kind else f"{kind}: {shorten(text, _LONGEST_REASON)}"

    def _work(self, tracker: Tracker) -> None:
        try:
            tracker.begin()
            while True:
                events = self._next()
                epochs = [event for event in events if isinstance(event, EpochValues)]
                if epochs:
                    tracker.log(epochs)
                if isinstance(events[-1], RunEnd):
                    tracker.finish(events[-1])
                    return
        except BaseException as error:
            # Raised in a thread, it would be printed. Libraries raise SystemExit, too.
            self._error = error

    def _next(self) -> list[EpochValues | RunEnd]:
        """What is waiting, at least one event."""
        events = [self._waiting.get()]
        while not self._waiting.empty() and not isinstance(events[-1], RunEnd):
            events.append(self._waiting.get())
        return events
