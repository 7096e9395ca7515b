"""Progress of long work on stderr: a bar on a terminal, a few log lines elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from graphrec_cli.terminal_text import shorten

if TYPE_CHECKING:
    from tqdm import tqdm

log = logging.getLogger("graphrec")

DELAY = 1.0
"""Seconds of silence after which a terminal shows the work."""
_SHORTEST_DELAY = 0.2
"""Work that is shorter than this is never shown."""
_REFRESH_EVERY = 1.0
_SHORTEST_SILENCE, _LONGEST_SILENCE = 2.0, 60.0
_SILENT_SHARE = 0.1
"""The log is silent for a tenth of the time since the start, so that long runs have few lines."""
_WIDEST_TITLE = 40
# Without tqdm's own rate, which averages over much more than a second.
_BAR = "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
_TIME_ALONE = "{desc} [{elapsed}]"
_LOCK_WAIT = 1.0
"""A signal in the middle of a refresh may leave tqdm's lock taken; nobody waits longer for it."""


class Progress:
    """Work in progress, as ``progress`` yields it.

    Attributes:
        on_terminal: whether there is a bar that moves.
        error: what kept a line from the log; None if nothing did.
    """

    def __init__(
        self, title: str, total: int | None, done: int, delay: float, *, in_log: bool
    ) -> None:
        self.error: Exception | None = None
        self.on_terminal = sys.stderr.isatty()
        self._delay, self._in_log = delay, in_log
        self._started = time.perf_counter()
        self._title, self._total, self._first, self._done = title, total, done, done
        self._bar: tqdm[NoReturn] | None = None
        self._over = threading.Event()
        # A daemon, so that a thread that waits for the screen never keeps the process.
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def update(self, number: int = 1) -> None:
        """Count finished units."""
        self._done += number
        if self._bar is not None:
            self._bar.update(self._done - self._bar.n)

    def annotate(self, text: str) -> None:
        """Show a text behind the bar from its next refresh on."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)

    def open(self) -> None:
        """Begin to show the work, whatever it waits for."""
        if self.on_terminal and not self._delay:
            self._show()
        with suppress(RuntimeError):  # without memory for a thread, the work goes on unseen
            self._thread.start()

    def close(self) -> None:
        """Erase the bar."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_LOCK_WAIT)
        if self._bar is not None:
            self._bar.close()
            _note_shown()

    def erase(self) -> None:
        """Erase the bar until its next refresh."""
        if self._bar is not None:
            self._bar.clear()

    def _watch(self) -> None:
        """Show the work at its moments until it is over."""
        try:
            while not self._over.wait(self._until_next()):
                self._show()
        except Exception as error:  # raised at the end of the work, because a thread has no caller
            self.error = error

    def _until_next(self) -> float:
        """Seconds until the work is shown for the next time."""
        now = time.perf_counter()
        if self.on_terminal:
            first = self._started + (self._delay or _REFRESH_EVERY)
            return first - now if now < first else _REFRESH_EVERY - (now - first) % _REFRESH_EVERY
        return max(self._log_due() - now, _SHORTEST_DELAY)

    def _log_due(self) -> float:
        """When the log has been silent for long enough, and this work has lasted a moment."""
        share = _SILENT_SHARE * (time.perf_counter() - _command_started)
        silence = min(max(_SHORTEST_SILENCE, share), _LONGEST_SILENCE)
        return max(_last_shown + silence, self._started + DELAY)

    def _show(self) -> None:
        # Work within this work has more to tell; work that has just ended has nothing.
        if self not in _open[-1:]:
            return
        if self.on_terminal:
            with _screen:
                if self._bar is None:
                    self._bar = self._new_bar()
                else:
                    self._bar.refresh()
                _note_shown()
        elif self._in_log and time.perf_counter() >= self._log_due():
            seconds = time.perf_counter() - self._started
            done = "" if self._total is None else f"{self._done:,} of {self._total:,} after "
            log.info("%s: %s%.1f s", self._title, done, seconds)
            _note_shown()

    def _new_bar(self) -> tqdm[NoReturn]:
        """Show a bar for the first time."""
        from tqdm import tqdm  # takes 0.1 s

        # Terminals of containers and scripts may tell no size, and tqdm hides its bars at 0 rows.
        has_size = min(os.get_terminal_size(sys.stderr.fileno())) > 0
        bar: tqdm[NoReturn] = tqdm(
            desc=shorten(self._title, _WIDEST_TITLE),
            total=self._total,
            initial=self._first,
            delay=1,  # not shown before its start is set
            smoothing=0,
            leave=False,
            position=0,
            dynamic_ncols=has_size,
            ncols=None if has_size else 79,
            nrows=None if has_size else 24,
            bar_format=_TIME_ALONE if self._total is None else _BAR,
        )
        bar.start_t -= time.perf_counter() - self._started
        bar.delay = 0
        bar.update(self._done - self._first)
        bar.refresh()
        return bar


_open: list[Progress] = []
_screen = threading.RLock()
_command_started = _last_shown = time.perf_counter()
"""Time of the last line or bar on the screen; at first that of the start."""


def _note_shown() -> None:
    global _last_shown
    _last_shown = time.perf_counter()


@contextmanager
def progress(
    title: str,
    total: int | None = None,
    *,
    done: int = 0,
    delay: float = DELAY,
    in_log: bool = True,
) -> Iterator[Progress]:
    """Show that the work of the block goes on, even where it takes long to come back.

    A terminal shows a bar after a second of silence, refreshed at least every second and erased at
    the end. Elsewhere the log gets a line after two seconds of silence, or after a tenth of the
    time since the start of the command if that is longer, but at least every minute. A thread does
    so, and sees nothing of the work.

    Args:
        title: what is done, such as "reading ratings.csv".
        total: number of units of the whole work, which ``update`` counts; None shows the time.
        done: units finished before.
        delay: seconds before a terminal shows anything; fewer if it has shown nothing before.
        in_log: whether the log gets lines. Work before a run has none, so that an error there is
            the only line.

    Raises:
        GraphrecError: a line could not be written to the log.
    """
    if _open:
        _open[-1].erase()
    silent = time.perf_counter() - _last_shown
    delay = min(delay, max(_SHORTEST_DELAY, DELAY - silent))
    shown = Progress(title, total, done, delay, in_log=in_log)
    _open.append(shown)
    try:
        shown.open()
        yield shown
    finally:
        _open.remove(shown)
        shown.close()
    if shown.error is not None:
        raise shown.error


@contextmanager
def bars_erased() -> Iterator[None]:
    """Erase all bars while the block writes to the screen; they come back within a second."""
    _note_shown()
    if not any(shown.on_terminal for shown in _open):
        yield
        return
    with _screen:
        for shown in _open:
            shown.erase()
        yield
