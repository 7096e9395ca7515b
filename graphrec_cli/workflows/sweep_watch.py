"""Watch the jobs that a launcher runs: a line when one starts or ends, and an orderly stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from graphrec_cli.config.sweep import describe_values
from graphrec_cli.errors import GraphrecError, Interrupted
from graphrec_cli.rundir.sweep_folder import SweepJob, log_file, read_results, result_stamp
from graphrec_cli.system.progress import progress
from graphrec_cli.system.signals import handled_by
from graphrec_cli.workflows.run_and_record import describe_left

log = logging.getLogger("graphrec")

_EVERY = 0.5
"""Seconds between two looks at the sweep's folder."""


class SweepWatch:
    """What the command does while a launcher runs the jobs.

    Attributes:
        received: the first signal that arrived; None without one.
    """

    def __init__(
        self,
        folder: Path,
        jobs: Sequence[SweepJob],
        planned: int,
        numbers: Sequence[int],
        stop: Path,
    ) -> None:
        """Make a watch.

        Args:
            folder: the sweep's folder.
            jobs: of its sweep.json.
            planned: number of jobs in all.
            numbers: of the jobs that the launcher runs; none of them has a log yet.
            stop: written with the number of a signal, so that the jobs end.
        """
        self.received: int | None = None
        self._folder, self._jobs, self._planned, self._stop = folder, jobs, planned, stop
        self._to_start, self._to_end = list(numbers), list(numbers)
        self._before = {number: result_stamp(folder, number) for number in numbers}
        self._running = self._most_running = 0
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch inside the block.

        The first signal lets running jobs write a checkpoint and keeps others from starting; the
        block goes on until the launcher returns. Ctrl-C after it raises.

        Raises:
            Interrupted: Ctrl-C for the second time.
        """
        with progress("running the sweep", total=len(self._to_end), in_log=False) as shown:

            def watch() -> None:
                stopping = False
                while not self._over.wait(_EVERY):
                    if self.received is not None and not stopping:
                        stopping = True
                        log.info(
                            "stopping: runs write a checkpoint and end; Ctrl-C again leaves at once"
                        )
                    shown.update(self._look())

            thread = threading.Thread(target=watch, daemon=True)
            thread.start()
            try:
                with self._signals():
                    yield
            finally:
                self._over.set()
                thread.join()
                self._look()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Handle signals; processes that are started inside do not get Ctrl-C."""
        if threading.current_thread() is not threading.main_thread():
            yield  # Python delivers signals to the main thread only
            return
        with handled_by(self._handle):
            # Processes inherit what is blocked. The thread above takes the signal for this one.
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                yield
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise Interrupted(number, midway=True)
        if self.received is None:
            self.received = number
            self._stop.write_text(str(number), encoding="utf-8")

    def _look(self) -> int:
        """Log what has started and ended since the last look; return the number of ended jobs."""
        started = [n for n in self._to_start if log_file(self._folder, n).exists()]
        written = [n for n in self._to_end if result_stamp(self._folder, n) != self._before[n]]
        results: dict[int, dict[str, Any]] = {}
        with suppress(GraphrecError):  # a damaged file is an error at the end
            results = {of["number"]: of for of in read_results(self._folder, len(self._jobs))}
        ended = [number for number in written if number in results]
        for number in started:
            label = describe_values(self._jobs[number].values)
            log.info("%s started%s", self._name(number), f": {label}" if label else "")
        self._running += len(started)
        self._most_running = max(self._most_running, self._running, 1)
        self._running -= len(ended)
        for number in ended:
            last = number == ended[-1]
            left = (
                describe_left(results.values(), range(self._planned), self._most_running)
                if last and self.received is None
                else ""
            )
            log.info("%s %s%s", self._name(number), _describe(results[number]), left)
        self._to_start = [number for number in self._to_start if number not in started]
        self._to_end = [number for number in self._to_end if number not in ended]
        return len(ended)

    def _name(self, number: int) -> str:
        return f"run {number + 1} of {self._planned}"


def _describe(result: dict[str, Any]) -> str:
    if result["state"] in ("interrupted", "pruned"):
        return str(result["state"])
    if result["error"] is not None or result["metrics"] is None:
        return f"failed: {result['error']}"
    valid = result["metrics"]["valid"]
    value = f": valid {result['monitor']} {valid[result['monitor']]:.4f}" if valid else ""
    return f"completed{value}"
