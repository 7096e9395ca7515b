"""Draw the curves again and again while a run trains."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphrec_cli.terminal_text import one_line

log = logging.getLogger("graphrec")

EVERY_S = 30.0
"""Seconds between two pictures, at least."""
SHARE = 0.01
"""Share of the time since the start that drawing takes, at most."""
FIRST_S = 4.0
"""Seconds that are expected of the first picture, before which matplotlib is imported."""


class LiveCurves:
    """Calls ``draw`` with the history after an epoch, so rarely that it costs the run next to none.

    If drawing fails, one warning says so, and the training goes on without further pictures.
    """

    def __init__(
        self,
        draw: Callable[[Sequence[Mapping[str, Any]]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start to count.

        Args:
            draw: draws the whole history.
            clock: returns seconds.
        """
        self._draw, self._clock = draw, clock
        self._started = clock()
        self._due = self._started + max(EVERY_S, FIRST_S / SHARE)
        self._spent = 0.0
        self._failed = False

    def after_epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Draw if it is time to."""
        begun = self._clock()
        if self._failed or begun < self._due:
            return
        try:
            self._draw(history)
        except Exception as error:  # a picture must not cost the training
            self._failed = True
            log.warning(
                "the curves are not drawn while the run trains: %s: %s",
                type(error).__name__,
                one_line(error),
            )
        ended = self._clock()
        self._spent += ended - begun
        # The next picture is expected to take as long as this one.
        due = self._started + (self._spent + ended - begun) / SHARE
        self._due = max(begun + EVERY_S, due)
